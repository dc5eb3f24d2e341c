# f(4)
def fact(n):
    if n < 2:
        return 1
    return n * fact(n - 1)

def f(n):
    a = fact(n)
    b = fact(1)
    return a + b
