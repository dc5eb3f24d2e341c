a = {3, 1}
a.add(2)
a.discard(1)
b = a | {9}
b -= {3}
c = frozenset(b)
print(sorted(a), sorted(b), len(c))
