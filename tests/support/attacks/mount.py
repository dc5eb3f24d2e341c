# Rearranges the file system.
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
os.mkdir("here")
for name, call in {
    "bind": lambda: libc.mount(b"/usr", b"here", None, 4096, None),
    "tmpfs": lambda: libc.mount(b"tmpfs", b"here", b"tmpfs", 0, None),
    "proc": lambda: libc.mount(b"proc", b"here", b"proc", 0, None),
    "remount": lambda: libc.mount(None, b"/usr", None, 32 | 4096, None),
    "umount": lambda: libc.umount2(b"/usr", 2),
    "pivot": lambda: libc.syscall(155, b"here", b"here"),
    "chroot": lambda: libc.chroot(b"here"),
    "open_tree": lambda: libc.syscall(428, -100, b"/usr", 1),
    "fsopen": lambda: libc.syscall(430, b"tmpfs", 0),
    "mknod": lambda: libc.mknod(b"node", 0o20666, 0x0101),
}.items():
    if call() >= 0:
        print("ESCAPED:", name)
print("done")
