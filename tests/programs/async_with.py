import asyncio


class Door:
    def __init__(self):
        self.log = []

    async def __aenter__(self):
        self.log.append("open")
        return self

    async def __aexit__(self, kind, value, traceback):
        self.log.append("shut")
        return kind is KeyError


async def main():
    async with Door() as door:
        door.log.append("in")
        raise KeyError("lost")
    return door.log


print(asyncio.run(main()))
