def outer(a, b):
    def inner(c):
        return a + c

    a = a * 2
    b = inner(b)
    return a, b


print(outer(1, 2))
