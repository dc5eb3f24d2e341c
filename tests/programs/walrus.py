def run(data):
    it = iter(data)
    while (n := next(it, None)) is not None:
        if (half := n // 2) > 1:
            print(n, half)
    return [last := v for v in data if v > 1], last


print(run([1, 4, 6]))
if (total := sum([1, 2])) == 3:
    print(total)
