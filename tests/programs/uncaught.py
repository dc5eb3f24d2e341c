import sys


def fail(depth):
    if depth == 0:
        raise LookupError("deep " + "inside")
    fail(depth - 1)


print("before")
sys.stdout.flush()
fail(3)
