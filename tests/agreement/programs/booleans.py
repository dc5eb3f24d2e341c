# f(0, 'a', [])
def f(a, b, c):
    some = a or b
    every = a and b
    chain = 0 <= a < 3
    neither = not (b or c)
    same = c is None
    inside = 'a' in b
    return some if every else chain == inside, neither, same
