# f([0, 1, 2, 3, 4, 5])
def f(xs):
    head, *rest = xs[:3]
    tail = xs[-2:]
    xs[1:3] = ['a', 'b', 'c']
    xs[::2] = [0] * len(xs[::2])
    back = xs[::-1]
    window = slice(1, None)
    return head, rest, tail, xs[window], back
