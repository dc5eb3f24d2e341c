import asyncio


async def ticks(n):
    for i in range(n):
        await asyncio.sleep(0)
        yield i


async def main():
    got = []
    async for tick in ticks(3):
        got.append(tick)
    more = [t * 2 async for t in ticks(2)]
    return got, more


print(asyncio.run(main()))
