def run():
    x = 1
    x = 1
    a = [1, 2]
    a[0] = 1
    a[1] += 0
    s = {"k": 1}
    s["k"] = 1
    return x, a, s


print(run())
