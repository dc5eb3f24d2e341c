import os
import signal

# What starts the tests may have it ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)


def wait():
    n = 0
    while True:
        n += 1
        if n == 5:
            os.kill(os.getpid(), signal.SIGINT)
        if n > 100000:
            return "never"


try:
    wait()
except KeyboardInterrupt:
    print("interrupted")
