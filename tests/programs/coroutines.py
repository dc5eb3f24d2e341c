import asyncio


async def work(name, n):
    total = 0
    for i in range(n):
        await asyncio.sleep(0)
        total += i
    return name, total


async def numbers(n):
    for i in range(n):
        yield i


class Gate:
    async def __aenter__(self):
        return "open"

    async def __aexit__(self, *exc):
        return False


async def main():
    pair = await asyncio.gather(work("a", 2), work("b", 3))
    seen = []
    async for i in numbers(3):
        seen.append(i)
    async with Gate() as state:
        seen.append(state)
    squares = [i * i async for i in numbers(3)]
    return pair, seen, squares


print(asyncio.run(main()))
