from helper import half

xs = [4, 2, "a"]
for x in xs:
    y = half(x)
    print(y)
