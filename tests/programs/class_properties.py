class Celsius:
    def __init__(self, degrees):
        self.degrees = degrees

    @property
    def kelvin(self):
        return self.degrees + 273

    @kelvin.setter
    def kelvin(self, value):
        self.degrees = value - 273

    @staticmethod
    def zero():
        return Celsius(0)

    @classmethod
    def of(cls, degrees):
        return cls(degrees)


t = Celsius.of(10)
t.kelvin = 300
print(t.degrees, Celsius.zero().kelvin)
