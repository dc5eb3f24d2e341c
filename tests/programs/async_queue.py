import asyncio


async def produce(queue):
    for n in range(3):
        await queue.put(n)
    await queue.put(None)


async def consume(queue):
    total = 0
    while True:
        n = await queue.get()
        if n is None:
            return total
        total += n


async def main():
    queue = asyncio.Queue(1)
    _, total = await asyncio.gather(produce(queue), consume(queue))
    return total


print(asyncio.run(main()))
