from dataclasses import dataclass, field


@dataclass
class Point:
    x: int
    y: int = 0
    tags: list = field(default_factory=list)

    def move(self, by):
        self.x += by
        return self


@dataclass(frozen=True, order=True)
class Pair:
    a: int
    b: str


p = Point(1)
p.move(2).tags.append("t")
print(p, Pair(1, "b") < Pair(2, "a"))
