class Outer:
    value = 1

    class Inner:
        value = 2

        def both(self):
            return Outer.value, self.value


print(Outer.Inner().both())
