# f([1, 2], 5)
def f(xs, i):
    before = len(xs)
    value = xs[i]
    return value + before
