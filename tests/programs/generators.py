def count(n):
    i = 0
    while i < n:
        got = yield i
        if got:
            i += got
        i += 1
    return "done"


def chain(*parts):
    for part in parts:
        result = yield from part
        print("part gave", result)


it = count(6)
print(next(it), it.send(2), list(it))
print(list(chain(count(2), count(3))))
total = sum(x * x for x in range(4))
a, b = count(3), count(3)
print([next(a), next(b), next(a), next(b)])
print(total)
