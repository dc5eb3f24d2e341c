class Slim:
    __slots__ = ("a", "b")

    def __init__(self, a):
        self.a = a


class Wide(Slim):
    def __init__(self, a):
        super().__init__(a)
        self.extra = [a]


s = Slim(1)
s.b = 2
del s.a
w = Wide(3)
w.extra.append(4)
print(s.b, w.a, w.extra)
