def run(n):
    found = None
    for i in range(n):
        if i % 2:
            continue
        for j in range(i):
            if i * j == 8:
                found = i, j
                break
        else:
            continue
        break
    while True:
        n -= 1
        if n < 0:
            break
    result = "a" if found else "b"
    pass
    return found, result, n and not found or 3


print(run(6))
