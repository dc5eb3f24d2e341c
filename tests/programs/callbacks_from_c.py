def key(pair):
    return pair[1]


def keep(n):
    return n % 2


data = [("a", 2), ("b", 1)]
print(sorted(data, key=key), list(filter(keep, range(4))), list(map(lambda a, b: a + b, [1], [2])))


class Item:
    def __init__(self, n):
        self.n = n

    def __lt__(self, other):
        return self.n < other.n


print(min([Item(2), Item(1)]).n)
