# Types into the terminal of whoever started us.
import fcntl, os, termios
for path in ("/dev/tty", "/dev/console", "/dev/pts/0", "/dev/ptmx", "/dev/tty0", 0, 1, 2):
    try:
        fd = path if isinstance(path, int) else os.open(path, os.O_RDWR | os.O_NOCTTY)
        if not isinstance(path, int):
            print("ESCAPED: opened", path)
    except OSError:
        continue
    for request in (termios.TIOCSTI, 0x541C, termios.TIOCSCTTY):
        try:
            fcntl.ioctl(fd, request, b"x")
            print("ESCAPED: request", request, "on", path)
        except PermissionError:
            pass
        except OSError as error:
            print("ESCAPED: not refused but failed:", request, path, error)
print("done")
