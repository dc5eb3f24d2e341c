# f(3)
def count(n):
    i = 0
    while i < n:
        yield i
        i += 1

def f(n):
    res = []
    for x in count(n):
        res.append(x * 2)
    return res
