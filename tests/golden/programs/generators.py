def count(n):
    k = 0
    while k < n:
        got = yield k
        if got:
            k += got
        k += 1
    return "done"


def drive(n):
    seen = []
    for k in count(n):
        seen.append(k)
    it = count(5)
    seen.append(next(it))
    seen.append(it.send(2))
    return seen
