# f([])
def first(xs):
    try:
        return xs[0]
    except KeyError:
        return None

def f(xs):
    try:
        x = first(xs)
    except LookupError as e:
        x = repr(e)
    return x
