"""Objects that die and are followed, within one line, by another one at the same address."""


class Node:
    def __init__(self, value):
        self.value = value


def numbers():
    items = [10**6 + index for index in range(5)]
    for _ in range(300):
        items[3] = items[3] + 1; items[3] = items[3] + 1
    return items[3]


def floats():
    items = [0.5] * 4
    table = {"a": 0.25}
    node = Node(0.125)
    for step in range(40):
        items[1] = step + 0.5; items[1] = step + 0.75
        table["a"] = step + 0.5; table["a"] = step + 0.75
        node.value = step + 0.5; node.value = step + 0.75
    return items


def texts():
    items = ["start"] * 3
    table = {"key": "start"}
    for step in range(40):
        items[1] = "left %d" % step; items[1] = "next %d" % step
        table["key"] = "left %d" % step; table["key"] = "next %d" % step
        wide = "ä%d" % step; wide = "ö%d" % step
        raw = b"l%d" % step; raw = b"r%d" % step
    return items, wide, raw


def containers():
    items = [None] * 3
    for step in range(40):
        items[0] = [step]; items[0] = [step + 1000]
        items[1] = (step, "t"); items[1] = (step + 1000, "t")
        items[2] = {"k": step}; items[2] = {"k": step + 1000}
        single = {step}; single = {step + 1000}
        node = Node(step); node = Node(step + 1000)
    return items, single, node


def keys():
    table = {}
    for step in range(40):
        table["key %d" % step] = step + 1000; del table["key %d" % step]
        table["yek %d" % step] = step + 1000
        del table["yek %d" % step]; table["last"] = step
    return table


numbers()
floats()
texts()
containers()
keys()
