# f(-7, 10 ** 30)
def f(small, huge):
    negative = -huge
    power = small ** 40
    ratio = 1 / 3
    big = 1e300 * 10
    tiny = 5e-324
    inf = big * 1e300
    rounded = round(-2.5), 1e16, 0.1 + 0.2, -0.0
    both = complex(1, -2)
    mask = 0xff ^ True
    return negative + power, inf, rounded
