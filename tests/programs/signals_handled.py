import os
import signal

got = []


def handler(number, frame):
    got.append(number == signal.SIGUSR1)


signal.signal(signal.SIGUSR1, handler)
os.kill(os.getpid(), signal.SIGUSR1)
for _ in range(1000):
    if got:
        break
print(got)
