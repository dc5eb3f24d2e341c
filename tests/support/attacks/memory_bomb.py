# Takes memory a little at a time, so that no one request is refused before much is taken.
import time
kept = []
while True:
    try:
        kept.append(bytearray(b"x") * (8 << 20))
    except MemoryError:
        time.sleep(0.01)
