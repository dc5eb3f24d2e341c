def run():
    s = {3, 1, 2}
    s.add(10)
    s.discard(1)
    f = frozenset([1, 2])
    d = {"a": 1, (1, 2): [3], None: {"x": {1}}}
    d["b"] = 2
    d["a"] = d.pop("b")
    d.update(z=[])
    d["z"].append(4)
    t = (1, (2, [3]), {})
    t[1][1].append(5)
    t[2]["k"] = t[0]
    e = set()
    u = ()
    deep = [[[[[[1]]]]]]
    cyclic = [1]
    cyclic.append(cyclic)
    return s == {2, 3, 10}, f, d, t, e, u, deep


print(run())
big = list(range(250))
big[200] = -1
big.pop(0)
table = {i: str(i) for i in range(150)}
table[3] = "changed"
print(len(big), len(table))
