import asyncio


async def slow(log):
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        log.append("cancelled")
        raise


async def main():
    log = []
    task = asyncio.ensure_future(slow(log))
    await asyncio.sleep(0)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        log.append("seen")
    return log


print(asyncio.run(main()))
