def part(n):
    got = yield n
    return got


def whole():
    first = yield from part(1)
    second = yield from part(2)
    return first + second


it = whole()
next(it)
it.send(10)
try:
    it.send(20)
except StopIteration as stop:
    print(stop.value)
