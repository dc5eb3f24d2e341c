# f(3)
def inner(n):
    half = 10 // (n - 3)
    return half

def outer(n):
    x = inner(n)
    return x

def f(n):
    y = n + 1
    z = outer(n)
    return y + z
