class Base:
    __slots__ = ("a",)


class Derived(Base):
    __slots__ = ("b", "__dict__")


d = Derived()
d.a = 1
d.c = 3
d.b = 2
del d.a
print(hasattr(d, "a"), d.b, d.c)
