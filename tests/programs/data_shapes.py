from dataclasses import dataclass, field
from enum import Enum, Flag, IntEnum
from typing import NamedTuple


class Color(Enum):
    RED = 1
    BLUE = "b"


class Level(IntEnum):
    LOW = 1


class Mode(Flag):
    R = 1
    W = 2


class Pair(NamedTuple):
    left: int
    right: str = "r"


@dataclass(frozen=True)
class Job:
    name: str
    tags: list = field(default_factory=list)


color, level, mode = Color.RED, Level.LOW, Mode.R | Mode.W
pair = Pair(1)._replace(left=2)
job = Job("j")
job.tags.append(pair)
print(color.name, level + 1, mode.value, pair.left, len(job.tags))
