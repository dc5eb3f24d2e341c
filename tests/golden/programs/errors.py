def pick(xs, at):
    try:
        y = xs[at]
    except IndexError as e:
        y = str(e)
    return y


def check(n):
    if n < 0:
        raise ValueError("negative: \"%d\"" % n)
    return n


def total(xs):
    s = 0
    for x in xs:
        try:
            s += check(x)
        except ValueError:
            s -= 1
        extra = s * 2
        del extra
    return pick([s], 0) + check(-1)
