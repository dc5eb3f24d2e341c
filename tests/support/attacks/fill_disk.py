# Fills every place that can be written.
import os
written = 0
for place in (".", "tmp", "/tmp", "/dev/shm", "/var/tmp"):
    number = 0
    try:
        while written < 200 << 20:
            with open(os.path.join(place, f"f{number}"), "wb") as f:
                for _ in range(8):
                    written += f.write(b"x" * (1 << 20))
            number += 1
    except OSError:
        pass
print("ESCAPED: stored" if written > 40 << 20 else "done", written)
