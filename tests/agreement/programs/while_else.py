# f(7)
def f(n):
    seen = []
    while n > 1:
        seen.append(n)
        n = n // 2 if n % 2 == 0 else n - 1
    else:
        seen.append(-1)
    return seen
