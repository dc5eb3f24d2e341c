# f([1, 0, 2])
def f(xs):
    for x in xs:
        if not x:
            return 'zero'
        y = 1 / x
    return None
