"""Writes a program that changes values in every way there is, in an order chosen by a seed.

    generate.py SEED STATEMENTS

The same seed gives the same program on every version of Python. Most statements change a value through
another name than the one it is looked at by, or put a new object where one just died, so that it is
likely to get the same address.
"""

import random
import sys

HEAD = '''"""Made by tests/support/mutations/generate.py, seed {seed}."""
import array
import collections
import enum
import types


class Plain:
    def __init__(self, **values):
        self.__dict__.update(values)


class Slotted:
    __slots__ = ("left", "right")

    def __init__(self, left, right):
        self.left = left
        self.right = right


class Both(Slotted):
    pass


class Items(list):
    pass


class Texts(str):
    pass


class Color(enum.Enum):
    RED = 1
    BLUE = 2


Pair = collections.namedtuple("Pair", "first second")


def add(items, item):
    items.append(item)


def named(name):
    def function():
        pass

    function.__qualname__ = name
    return function

'''

SETUP = '''
    n = 1000
    x = 1.5
    s = "start"
    u = "häuser"
    flag = True
    a = list(range(10**6, 10**6 + 5))
    b = a
    texts = list(map("text %d".__mod__, range(6)))
    mixed = [1, 2.5, None, True, "m", (1, [2]), b"by"]
    grid = [[0] * 4, [0] * 4, [0] * 4, [0] * 4]
    row = grid[1]
    big = list(range(1000, 1300))
    t = (a, [7], "in a tuple")
    d = {"n": 5000, "a": a, "t": "some"}
    e = {1: {2: {3: [4]}}, (1, 2): "pair"}
    deep = e[1][2][3]
    chars = {"q", "w"}
    frozen = frozenset((1000, "f"))
    data = bytearray(b"0123456789" * 3)
    raw = b"raw 1"
    o = Plain(v=1000, kids=[], name="o")
    p = o
    view = vars(o)
    q = Slotted(2000, [1])
    r = Both(3000, "r")
    r.extra = [1]
    pair = Pair([1], 4000)
    queue = collections.deque([1, 2], 50)
    ordered = collections.OrderedDict(one=1, two=2)
    default = collections.defaultdict(list)
    counter = collections.Counter("abca")
    numbers = array.array("i", [1, 2, 3])
    items = Items([1, 2])
    own = Texts("own")
    space = types.SimpleNamespace(k=1)
    f = named("f")
    kind = type("K", (), {"w": 1})
    color = Color.RED
    huge = 10**30
    c = 1 + 2j
    span = range(3)
    loop = [1]
    loop.append(loop)
    bag = {}
    hold = None
    keys, values, pairs = d.keys(), e.values(), d.items()
    order = ordered.keys(), ordered.items()
    proxy = types.MappingProxyType(e)

    def bump():
        nonlocal n, s
        n += 1
        s = "bumped %d" % n
        a.append(n)

    grow = a.append
    put = d.__setitem__
'''

STATEMENTS = [
    "n += 1",
    "n = n * 3 % 100003",
    "x += 0.5",
    "x = x + 1; x = x - 1",
    "s = 's%d' % n",
    "s += 'x'",
    "s = s[:5]; s = s + 'tail'",
    "u = 'ü%d' % n; u = 'ö%d' % n",
    "u += 'é日🐍'[n % 3]",
    "flag = not flag",
    "flag = None if flag else 0",
    "a[3] += 1; a[3] += 1",
    "a[2] = a[2] + 1; a[2] = a[2] - 1",
    "a[1] = float(n); a[1] = float(n + 1)",
    "a[0], a[1] = a[1], a[0]",
    "b.append(n)",
    "grow(n * 7)",
    "add(b, n)",
    "bump()",
    "a.insert(2, 10**6 + n)",
    "a.pop()\n        if len(a) < 5: a.extend(range(500, 505))",
    "del a[5:]",
    "a.sort(key=str)",
    "a.reverse()",
    "a[1:3] = [n, n + 1]",
    "list(map(a.append, [n]))",
    "it = map(grow, [n]); next(it); it = None",
    "texts[1] = 'x%d' % n; texts[1] = 'y%d' % n",
    "texts[2] = 'a' * (n % 40); texts[2] = 'b' * (n % 40)",
    "texts[3] = 'ä%d' % n; texts[3] = 'ß%d' % n",
    "texts.append(str(n)); texts.pop(0)",
    "texts[0] = texts[0].upper() if n % 2 else texts[0].lower()",
    "mixed[0] = (n,); mixed[0] = (n + 1,)",
    "mixed[1] = [n]; mixed[1] = [n + 1]",
    "mixed[5][1].append(n)",
    "mixed[2] = {n: n}; mixed[2] = {n: n + 1}",
    "mixed[3] = b'%d' % n; mixed[3] = b'%d' % (n + 1)",
    "mixed[4] = {n}; mixed[4] = {n + 1}",
    "mixed[6] = Plain(v=n); mixed[6] = Plain(v=n + 1)",
    "mixed[6] = named('f%d' % n); mixed[6] = named('g%d' % n)",
    "mixed[5] = (n, [n])",
    "row[0] += 1",
    "grid[2][3] = n",
    "grid[0], grid[1] = grid[1], grid[0]",
    "grid[3] = [n] * 4; grid[3] = [n + 1] * 4",
    "big[50] += 1; big[50] += 1",
    "big[250] += 1",
    "big.append(n)",
    "big.pop(0)",
    "big[:] = big[::-1]",
    "del big[99:101]",
    "t[1].append(n)",
    "t = (a, [n], 't%d' % n)",
    "d['n'] = d['n'] + 1; d['n'] = d['n'] + 1",
    "d['t'] = 'v%d' % n; d['t'] = 'w%d' % n",
    "d['a'].append(n)",
    "d.update(z=n)",
    "d.pop('z', None)",
    "put('n', n)",
    "d['d%d' % (n % 7)] = n",
    "d = dict(d); d['new'] = n",
    "keys, pairs = d.keys(), d.items()",
    "values = d.values() if n % 2 else e.values()",
    "pairs = [default.items(), vars(o).values()]",
    "proxy = types.MappingProxyType(d if n % 2 else e)",
    "d.clear(); d['n'] = n; d['a'] = a; d['t'] = ''",
    "d['a'] = a",
    "deep.append(n)",
    "e[1][2][3] = deep = [n]",
    "e[1].setdefault(n % 5 + 10, []).append(n)",
    "e[(1, 2)] = 'p%d' % n",
    "chars.add('c%d' % (n % 9))",
    "chars.discard('c%d' % (n % 9))",
    "chars ^= {n}",
    "chars.clear()",
    "frozen = frozenset((n, n + 1)); frozen = frozenset((n, n + 2))",
    "data[3] = n % 256",
    "data += b'x'; data[0:1] = b''",
    "data.reverse()",
    "raw = b'r%d' % n; raw = b's%d' % n",
    "o.v += 1; o.v += 1",
    "o.kids.append(n)",
    "p.name = 'p%d' % n; p.name = 'q%d' % n",
    "view['v'] = n",
    "o.other = n",
    "if hasattr(o, 'other'): del o.other",
    "o.__dict__ = dict(o.__dict__)",
    "view = vars(o)",
    "setattr(p, 'w%d' % (n % 3), float(n))",
    "object.__setattr__(o, 'v', n)",
    "q.left = n; q.left = n + 1",
    "q.right.append(n)",
    "q.left = [n]; q.left = [n + 1]",
    "if hasattr(q, 'right'): del q.right\n        q.right = [n]",
    "r.extra.append(n)",
    "r.right = 'r%d' % n; r.right = 'R%d' % n",
    "r.more = n",
    "pair.first.append(n)",
    "pair = Pair([n], n)",
    "queue.append(n)",
    "queue.rotate()",
    "queue[0] = n",
    "ordered['one'] = n",
    "ordered.move_to_end('one')",
    "ordered['o%d' % (n % 4)] = n",
    "default[n % 3].append(n)",
    "counter['a'] += 1",
    "numbers[1] = n % 1000",
    "numbers.append(1)",
    "items.append(n)",
    "items.tag = n",
    "own = Texts('own%d' % n)",
    "space.k += 1; space.k += 1",
    "space.kids = [n]",
    "f.__qualname__ = 'f%d' % n",
    "f = named('a%d' % n); f = named('b%d' % n)",
    "kind.__qualname__ = 'K%d' % n",
    "kind.w = n",
    "kind = type('K%d' % (n % 3), (), {})",
    "color = Color.BLUE if n % 2 else Color.RED",
    "color.mark = n",
    "huge += 1; huge -= 1",
    "huge *= 3",
    "c += 1",
    "span = range(n); span = range(n + 1)",
    "loop[0] = n",
    "loop[1:] = [loop, n]",
    "bag['loop'] = bag",
    "bag[len(bag) % 4] = [bag, n]",
    "hold = [a, o, grid]",
    "hold = (q, [t])",
    "hold = [[[[[[[a]]]]]]]",
    "hold = lambda: n",
    "hold = iter((n,))",
    "hold = a.append",
    "hold = o",
    "hold = [big, big, big, big, big, big, big, big, big, big, big, [n]]",
    "hold = dict(zip(range(n % 130), map(list, zip(range(n % 130)))))",
    "hold = list(map('t%d'.__mod__, range(n % 130)))",
    "hold = None",
    "del hold\n        hold = 1",
    "Plain.shared = n",
    "o.__class__ = Items and (Plain if n % 2 else Plain)",
    "list(map(grow, range(2)))",
    "exec('a.append(n)', {'a': a, 'n': n})",
    "n, x = n + 1, x + n",
    "(n := n + 1)",
]


def body(random, count):
    lines = []
    while len(lines) < count:
        statement = random.choice(STATEMENTS)
        repeat = random.choice((1, 1, 1, 2, 4))
        if repeat > 1:
            lines.append(f"    for _ in range({repeat}):")
            lines.append("        " + statement)
        else:
            lines.append("    if True:")
            lines.append("        " + statement)
    return "\n".join(lines) + "\n"


def main():
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    choose = random.Random(seed)
    print(HEAD.format(seed=seed))
    setup = SETUP
    if seed % 3 == 0:
        # The same at the level of the module, whose names live in a dictionary.
        print("if True:\n" + setup.replace("nonlocal", "global") + body(choose, count))
        return
    print("def work():" + setup + body(choose, count) + "    return a\n")
    if seed % 3 == 1:
        print("work()")
        return
    # Suspended again and again, and changed meanwhile.
    print(
        "def steps(a, d):\n    n = 0\n    grow = a.append\n    while True:\n"
        "        n += 1\n        yield n\n        grow(n)\n\n"
        "shared, table = [1], {}\n"
        "run = steps(shared, table)\n"
        "for k in range(30):\n"
        "    next(run)\n"
        "    shared[0] += 1000; shared[0] += 1000\n"
        "    table[k % 5] = [k]\n"
        "    table[k % 5].append(shared[0])\n"
        "work()\n"
    )


main()
