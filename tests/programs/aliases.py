def mutate(b):
    b.append(4)
    c = b
    c[0] = 99
    return c


a = [1, 2, 3]
b = a
mutate(b)
rows = [a, a]
rows[0].pop()
push = a.append
push(5)
matrix = [[0] * 2] * 2
matrix[0][0] = 1
d = {"a": a}
d["a"].clear()
n = [1000, 2000]
n[0] += 1; n[0] += 1
print(a, b, rows, matrix, d, n)
