# Floods the result channel.
import os
def total(xs):
    while True:
        os.write(4, b"x" * 65536)
