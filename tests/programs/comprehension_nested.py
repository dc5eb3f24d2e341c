def table(n):
    rows = [[i * j for j in range(n)] for i in range(n)]
    flat = [x for row in rows for x in row if x % 2]
    return rows, flat


print(table(3))
