def area(r):
    import math

    from math import pi as p

    return math.floor(p * r)


print(area(2))
