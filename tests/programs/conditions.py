def sign(n):
    return "neg" if n < 0 else "zero" if n == 0 else "pos"


def both(a, b):
    if a and b or not a:
        return 1
    elif a > 3:
        return 2
    return 3


print([sign(n) for n in (-1, 0, 1)], both(0, 1), both(5, 0), both(1, 0), 1 < 2 < 3)
