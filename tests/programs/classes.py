class Base:
    kind = "base"
    table = {i: i * i for i in range(3)}

    def __init__(self, name):
        self.name = name

    def hello(self):
        return f"{self.kind} {self.name}"

    @classmethod
    def make(cls, name):
        return cls(name)

    @staticmethod
    def twice(x):
        return x * 2


class Derived(Base):
    kind = "derived"
    del_me = 1
    del del_me

    def hello(self):
        return super().hello() + "!"

    class Inner:
        depth = 2


thing = Derived.make("x")
print(thing.hello(), Base.twice(4), Derived.Inner.depth)


class Meta(type):
    def __new__(mcls, name, bases, names, **more):
        names["added"] = len(names) > 0
        return super().__new__(mcls, name, bases, names)

    @classmethod
    def __prepare__(mcls, name, bases, **more):
        return {"prepared": 1}


class Made(metaclass=Meta):
    value = 3


print(Made.added, Made.prepared)
