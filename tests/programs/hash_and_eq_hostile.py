class Odd:
    def __init__(self, n):
        self.n = n

    def __hash__(self):
        print("hashed")
        return 1

    def __eq__(self, other):
        print("compared")
        return self is other

    def __repr__(self):
        raise RuntimeError("never asked")


a, b = Odd(1), Odd(2)
d = {a: 1}
d[b] = 2
a.n = 5
s = [a, b]
print(len(d), a in s)
