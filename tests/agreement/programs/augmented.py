# f(5, [1])
def f(n, xs):
    n += 1; n -= 2
    n *= 3
    n //= 2
    n **= 2
    n %= 7
    n <<= 2
    n |= 1
    xs += [n]
    xs *= 2
    s = 'a'
    s += 'b'
    return n, xs, s
