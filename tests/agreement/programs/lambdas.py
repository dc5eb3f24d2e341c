# f([3, -1, 2])
def f(xs):
    key = lambda x: -x
    ordered = sorted(xs, key=key)
    total = (lambda a, b: a + b)(ordered[0], ordered[-1])
    squares = list(map(lambda x: x ** 2, xs))
    return ordered, total, squares
