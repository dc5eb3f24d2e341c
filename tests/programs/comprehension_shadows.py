x = 100
squares = [x * x for x in range(3)]
print(x, squares)


def inside():
    y = 7
    found = [y for y in range(2)]
    return y, found


print(inside())
