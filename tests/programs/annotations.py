from __future__ import annotations


def f(x: Missing, y: "Also" = 2) -> Nothing:
    z: int = x + y
    w: str
    return z


count: int = f(1)
print(count, f.__annotations__["x"])
