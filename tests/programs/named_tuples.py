from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from typing import NamedTuple

Point = namedtuple("Point", "x y")


class Row(NamedTuple):
    name: str
    size: int = 0


p = Point(1, 2)
q = p._replace(x=5)
r = Row("r")
d = deque([1, 2], maxlen=3)
d.append(3)
d.append(4)
c = Counter("abca")
o = OrderedDict(a=1, b=2)
o.move_to_end("a")
m = defaultdict(list)
m["k"].append(1)
print(p, q, r, d, c, o, m)
