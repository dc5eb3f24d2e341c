# f(2)
LIMIT = 3
KNOWN = []

def f(n):
    global LIMIT
    LIMIT = LIMIT * n
    KNOWN.append(LIMIT)
    return LIMIT
