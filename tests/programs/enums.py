from enum import Enum, IntEnum


class Colour(Enum):
    RED = 1
    GREEN = "g"

    def pretty(self):
        return self.name.lower()


class Level(IntEnum):
    LOW = 1
    HIGH = 2


c = Colour.RED
print(c, c.pretty(), Level.HIGH > Level.LOW, [m.value for m in Colour])
