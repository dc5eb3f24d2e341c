class Pause:
    def __await__(self):
        got = yield "pause"
        return got * 2


async def inner(n):
    got = await Pause()
    return got + n


async def outer():
    first = await inner(1)
    second = await inner(first)
    return second


def drive(coroutine, value):
    steps = 0
    try:
        coroutine.send(None)
        while True:
            steps += 1
            coroutine.send(value)
    except StopIteration as stop:
        return stop.value, steps


print(drive(outer(), 5))
