# f(3)
def f(n):
    a, b, c = n, [n], {n: n}
    del a
    b.append(0)
    del b[0], c
    a = b
    return a
