# f(-1)
class Negative(Exception):
    pass

def check(n):
    if n < 0:
        raise Negative
    return n

def f(n):
    try:
        check(n)
    except Negative:
        n = 0
    return n
