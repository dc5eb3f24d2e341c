"""One object under many names: it is changed by one of them and looked at by all."""


class Node:
    def __init__(self, value):
        self.value = value
        self.kids = []


def add(items, item):
    items.append(item)


def deeper(node, item):
    node.kids.append(item)


def main():
    a = [1, 2, 3]
    b = a
    b.append(4)
    c = {"k": a}
    c["k"].append(5)
    grid = [[0] * 4, [0] * 4, [0] * 4]
    for row in grid:
        row[0] = 7
        row.append(1)
    n = Node(1)
    m = n
    m.value = 2
    kids = n.kids
    kids.append(3)
    add(a, 6)
    deeper(m, 9)
    f = a.append
    f(10)
    it = (grid, n)
    grid[0][1] = 5

    def inner():
        a.append(11)

    inner()
    big = list(range(2000))
    alias = big
    for index in range(5):
        alias[1000 + index] = -1
        alias[index] = -1
    q = map(a.append, [1, 2])
    list(q)
    q = None
    view = vars(n)
    view["value"] = 3
    n.value = 4
    n.new = 5
    del view["new"]
    raw = bytearray(b"abc")
    other = raw
    other[0] = 120
    other += b"d"
    ring = [a]
    ring.append(ring)
    a.append(ring)
    ring[0] = 1
    return len(a), it


main()
