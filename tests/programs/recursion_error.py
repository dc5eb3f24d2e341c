def forever(n):
    return forever(n + 1) + 1


def guarded():
    try:
        forever(0)
    except RecursionError as error:
        return type(error).__name__


import sys

sys.setrecursionlimit(60)
name = guarded()
sys.setrecursionlimit(1000)
print(name)
