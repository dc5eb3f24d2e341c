import sys


def down(n):
    return down(n + 1)


def depth(n):
    try:
        return depth(n + 1)
    except RecursionError:
        return n


sys.setrecursionlimit(80)
try:
    down(0)
except RecursionError as error:
    print(type(error).__name__)
print(depth(0))
