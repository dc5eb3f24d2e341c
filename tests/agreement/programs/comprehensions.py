# f([4, 5, 6])
def f(xs):
    ys = [x * x for x in xs if x > 4]
    zs = {x: x + 1 for x in ys}
    ss = {x % 2 for x in xs}
    total = sum(x for x in zs.values())
    return ys, zs, ss, total
