def count(name, n):
    for i in range(n):
        total = i * 10
        yield name, total


a, b = count("a", 3), count("b", 2)
order = []
for x in a:
    order.append(x)
    y = next(b, None)
    order.append(y)
print(order)
