# Reads what is not ours: passwords, homes, other processes, the machine's names.
import os
for path in ("/etc/shadow", "/etc/hosts", "/proc/self/maps", "/proc/1/environ", "/sys/kernel/notes",
             "/root/.bashrc", "/dev/mem", "/dev/kmsg"):
    try:
        open(path, "rb").read(1)
        print("ESCAPED: read", path)
    except OSError:
        pass
for path in ("/root", "/home", "/proc", "/sys", "/var", "/work"):
    try:
        print("ESCAPED: listed", path, os.listdir(path))
    except OSError:
        pass
print("done")
