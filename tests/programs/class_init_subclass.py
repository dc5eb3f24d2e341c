class Plugin:
    known = []

    def __init_subclass__(cls, key=None, **more):
        super().__init_subclass__(**more)
        cls.known.append((cls.__name__, key))


class First(Plugin, key=1):
    pass


class Second(Plugin):
    pass


print(Plugin.known)
