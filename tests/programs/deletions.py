def run(xs):
    a, b = 1, 2
    del a
    a = xs
    del xs[0], b
    try:
        b
    except UnboundLocalError as error:
        print("unbound")
    del a[:]
    return xs


print(run([1, 2, 3]))
x = 5
del x
x = 6
y = [x]
del y[0]
print(x, y)
