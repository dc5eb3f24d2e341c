# Changes rights, owners, limits and priorities, its own and others'.
import ctypes, os, resource
for path in ("/usr/bin/env", "/", os.__file__, "/usr"):
    for do in (lambda: os.chmod(path, 0o777), lambda: os.utime(path, (0, 0)),
               lambda: os.chown(path, os.getuid(), -1), lambda: os.setxattr(path, "user.x", b"1")):
        try:
            do()
            print("ESCAPED: changed", path)
        except OSError:
            pass
for do in (lambda: os.setuid(0), lambda: os.setgid(0), lambda: os.setgroups([0]), lambda: os.seteuid(0),
           lambda: resource.setrlimit(resource.RLIMIT_NPROC, (99999, 99999)),
           lambda: resource.setrlimit(resource.RLIMIT_AS, (-1, -1)),
           lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1, 1)),
           lambda: os.setpriority(os.PRIO_PROCESS, os.getppid(), 19),
           lambda: os.sched_setaffinity(os.getppid(), {0})):
    try:
        do()
        print("ESCAPED: a right was gained or a limit lifted")
    except (OSError, ValueError):
        pass
if os.getuid() == 0 or os.geteuid() == 0:
    print("ESCAPED: root inside")
print("done")
