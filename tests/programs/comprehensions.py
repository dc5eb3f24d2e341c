def run(rows):
    flat = [x for row in rows for x in row if x % 2]
    table = {x: x * x for x in flat}
    unique = {x % 3 for x in flat}
    nested = [[y + z for y in row] for z, row in enumerate(rows)]
    lazy = list(x + 1 for x in flat)
    return flat, table, unique, nested, lazy


print(run([[1, 2, 3], [4, 5], [7]]))


def shadow(x):
    inner = [x for x in range(3)]
    return x, inner


print(shadow("kept"))
