import os
import sys

n = 0
for i in range(3):
    n += i
print(n)
sys.stdout.flush()
os._exit(4)
