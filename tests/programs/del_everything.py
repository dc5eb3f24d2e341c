def run():
    a = [1, 2, 3]
    d = {"k": 1, "l": 2}
    del a[1], d["k"]
    b = a
    del a
    try:
        a
    except UnboundLocalError:
        c = 1
    del b, d
    return c


x = run()
y = 2
del y
print(x)
