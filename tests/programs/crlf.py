def f(n):
    m = n * 2
    return m


print(f(4))
