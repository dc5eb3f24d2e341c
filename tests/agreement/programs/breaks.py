# f([[1, 2], [3, -4], [5]])
def f(rows):
    found = None
    for row in rows:
        for x in row:
            if x < 0:
                found = x
                break
        if found is not None:
            break
    else:
        found = 0
    return found
