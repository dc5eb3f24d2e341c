class Base:
    kind = "base"
    count = 0
    for n in range(2):
        count += n

    def name(self):
        return self.kind


class Derived(Base):
    kind = Base.kind + "+"

    def name(self):
        return super().name() + "!"


print(Derived().name(), Base.count)
