def read(items):
    it = iter(items)
    total = 0
    while (n := next(it, None)) is not None:
        if (half := n // 2) > 1:
            total += half
    return total, n


print(read([1, 4, 6]))
