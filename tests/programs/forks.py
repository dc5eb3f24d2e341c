import os
import sys


def work(n):
    total = 0
    for i in range(n):
        total += i
    return total


sys.stdout.flush()
if os.fork() == 0:
    os._exit(work(4))
status = os.wait()[1]
print(work(3), status >> 8)
