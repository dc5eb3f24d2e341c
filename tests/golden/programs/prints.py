def twice(x):
    return x * 2


print(twice(3))
for k in range(2): print(twice(k))
