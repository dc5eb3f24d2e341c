# f(2, 5)
def add(a, b):
    c = a + b
    return c

def twice(x):
    return add(x, x)

def f(a, b):
    x = add(twice(a), twice(b))
    y = add(x, add(a, b))
    return y
