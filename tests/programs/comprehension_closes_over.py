def make(n):
    k = n + 1
    return [lambda x: x + i + k for i in range(n)]


adders = make(2)
print([add(10) for add in adders])
