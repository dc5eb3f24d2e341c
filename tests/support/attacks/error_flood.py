# Prints to both streams, each below the cap.
import os
line = b"x" * 4096
while True:
    os.write(1, line)
    os.write(2, line)
