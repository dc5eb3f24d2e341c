# f([3, 1, 2])
def f(xs):
    total = 0
    for i, x in enumerate(xs):
        if x % 2:
            total += i * x
        else:
            continue
    return total
