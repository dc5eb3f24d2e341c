import math


class Point:
    """A point."""

    scale = 2

    def __init__(self, x):
        self.x = x * self.scale


def area(r):
    return math.floor(r * 3)


points = [Point(1), Point(2)]
n = 0
while True:
    n += area(n + 1)
    if n > 20:
        break
print("n is", n)
name = 'it\'s "é"'
