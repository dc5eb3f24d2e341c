# f([5, 6], 1)
def pick(xs, i):
    return xs[i]

def f(xs, i):
    total = sum([
        xs[0],
        xs[1],
    ])
    table = {
        'first': xs[0],
        'last': pick(
            xs,
            i,
        ),
    }
    if (total > 10
            and table):
        total = (
            total
            + 1
        )
    return (total,
            table)
