def f(a, /, b, *, c):
    d = a + b + c
    return d


print(f(1, 2, c=3))
try:
    f(a=1, b=2, c=3)
except TypeError as error:
    print("refused")
