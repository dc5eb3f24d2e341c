d = {}
for word in "a b a".split():
    d[word] = d.get(word, 0) + 1
d.setdefault("z", []).append(1)
gone = d.pop("b")
d.update(y=2)
e = {v: k for k, v in d.items() if isinstance(v, int)}
print(d, gone, e)
