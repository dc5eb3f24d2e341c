class Meta(type):
    def __new__(mcs, name, bases, names):
        made = super().__new__(mcs, name, bases, names)
        made.tag = name.lower()
        return made

    def __call__(cls, *args):
        made = super().__call__(*args)
        made.calls = 1
        return made


class Thing(metaclass=Meta):
    def __init__(self, n):
        self.n = n


thing = Thing(4)
print(thing.tag, thing.calls, thing.n)
