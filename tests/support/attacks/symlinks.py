# Leaves by links.
import os
for target in ("/etc/shadow", "/etc/hosts", "/proc/self/environ", "/../../etc/hosts", "/box/../etc/shadow",
               "../../../../etc/hosts"):
    os.symlink(target, "link")
    try:
        print("ESCAPED: read", target, open("link").read(10))
    except OSError:
        pass
    os.remove("link")
for target in ("/", "/usr"):
    os.symlink(target, "directory")
    try:
        open("directory/attack", "w")
        print("ESCAPED: wrote below", target)
    except OSError:
        pass
    os.remove("directory")
for source in ("/usr/bin/env", "/etc/passwd", os.__file__):
    try:
        os.link(source, "hard")
        open("hard", "a").write("x")
        print("ESCAPED: changed", source)
    except OSError:
        pass
print("done")
