def twice(x):
    return x * 2


def f(xs):
    total, last = 0, None
    total = sum(
        twice(x)
        for x in xs
    )
    ys = [x * 2 for x in xs]
    zs = sorted(ys, key=lambda y: -y)
    big = {x: [k for k in range(x)] for x in xs if x}
    while total > 9: total -= 3
    return (total,
            zs)
