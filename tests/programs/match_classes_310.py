from dataclasses import dataclass


@dataclass
class Point:
    x: int
    y: int


def where(p):
    match p:
        case Point(x=0, y=0):
            return "origin"
        case Point(x=0) | Point(y=0):
            return "axis"
        case Point(x, y) if x == y:
            return "diagonal"
        case Point():
            return "somewhere"


print([where(Point(*it)) for it in [(0, 0), (0, 2), (3, 3), (1, 2)]])
