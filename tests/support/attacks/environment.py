# Finds the caller's secrets in environment, descriptors and other processes' files.
import glob, os
if any("SECRET" in key or "hunter2" in value for key, value in os.environ.items()):
    print("ESCAPED: the caller's environment", dict(os.environ))
for path in glob.glob("/proc/*/environ"):
    try:
        if b"hunter2" in open(path, "rb").read():
            print("ESCAPED: found the secret in", path)
    except OSError:
        pass
for fd in range(3, 1024):
    try:
        os.fstat(fd)
        print("ESCAPED: inherited descriptor", fd)
    except OSError:
        pass
print("done")
