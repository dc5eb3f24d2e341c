import asyncio


async def work(name, n, log):
    for i in range(n):
        log.append((name, i))
        await asyncio.sleep(0)
    return name * n


async def main():
    log = []
    results = await asyncio.gather(work("a", 2, log), work("b", 3, log))
    return results, log


print(asyncio.run(main()))
