# f(1, 2)
def f(a, b):
    a, b = b, a
    x = y = [a]
    (p, q), r = (a, b), x
    first, *middle, last = 'abcd'
    a, b, c, d = b, a, 1, 2
    y.append(b)
    return p, q, r, middle
