# f([1, 2, 3])
def doubled(xs):
    for x in xs:
        yield x * 2

def odd(xs):
    for x in xs:
        yield x
        yield x + 1

def f(xs):
    out = list(odd(doubled(xs)))
    return out
