# f(10)
class Account:
    rate = 2
    total = 0

    def __init__(self, start):
        self.total = start

    def add(self, n):
        self.total += n * self.rate
        return self

    def __repr__(self):
        return f'Account({self.total})'

def f(n):
    a = Account(n)
    a.add(1).add(2)
    kind = Account
    return a.total
