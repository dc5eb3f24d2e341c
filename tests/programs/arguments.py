def everything(a, /, b, *args, c=3, d, **named):
    e = (a, b, args, c, d)
    return e, named


print(everything(1, 2, 3, 4, d=5, z=6))
first, *middle, last = range(5)
print(first, middle, last)


def swap(x, y):
    x, y = y, x
    return x, y


print(swap(*[1, 2]), swap(**{"y": 1, "x": 2}))
