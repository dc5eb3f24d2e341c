# Writes where it must not: beside the box, into the interpreter, into the system.
import os, sys
places = ["/attack", "/usr/attack", "/usr/lib/attack", "/etc/attack", "/dev/attack", "/var/tmp/attack",
          "/var/attack", "/home/attack", "/root/attack", os.path.join(sys.prefix, "attack"),
          os.path.join(os.path.dirname(os.__file__), "attack.py"), "../attack", "../../attack"]
for path in places:
    try:
        open(path, "w").write("x")
        print("ESCAPED: wrote", path)
    except OSError:
        pass
for path in ("/usr/bin/env", os.__file__, sys.executable):
    for do in (os.remove, lambda p: os.rename(p, "mine"), lambda p: os.truncate(p, 0)):
        try:
            do(path)
            print("ESCAPED: changed", path)
        except OSError:
            pass
open("mine", "w").write("allowed")
print("done")
