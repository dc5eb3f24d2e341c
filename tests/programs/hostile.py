class Hostile:
    def __init__(self):
        self.shown = 1

    def __repr__(self):
        raise AssertionError("repr was called")

    __str__ = __eq__ = __len__ = __iter__ = __bool__ = __hash__ = __repr__

    def __getattr__(self, name):
        raise AssertionError("getattr was called")

    @property
    def __dict__(self):
        raise AssertionError("__dict__ was read")

    @property
    def __class__(self):
        raise AssertionError("__class__ was read")


class Meta(type):
    def __repr__(cls):
        raise AssertionError("the class was shown")

    @property
    def __name__(cls):
        raise AssertionError("the class was named")

    def __getattribute__(cls, name):
        raise AssertionError("the class was asked")


class Shy(metaclass=Meta):
    pass


class BadList(list):
    def __iter__(self):
        raise AssertionError("iterated")

    def __len__(self):
        raise AssertionError("measured")

    def __getitem__(self, index):
        raise AssertionError("indexed")


class BadDict(dict):
    __iter__ = keys = items = values = __len__ = BadList.__iter__


class BadSet(set):
    __iter__ = __len__ = __contains__ = BadList.__iter__


class BadError(Exception):
    def __str__(self):
        raise AssertionError("the error was shown")

    __repr__ = __str__


def run():
    h = Hostile()
    s = [h, (h,)]
    m = h.__init__
    shy = Shy
    b = [BadList([1]), BadDict(a=1), BadSet([2])]
    try:
        raise BadError(h)
    except BadError:
        caught = True
    return caught


print(run())
