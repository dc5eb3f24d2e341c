class Count:
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return self

    def __next__(self):
        if self.n == 0:
            raise StopIteration
        self.n -= 1
        return self.n


print(list(Count(2)))
for i in Count(2):
    print(i)
else:
    print("over")
for a, (b, c) in zip([1, 2], [(3, 4), (5, 6)]):
    if a == 2:
        break
print(next(iter(Count(0)), "none"), a, b, c)
