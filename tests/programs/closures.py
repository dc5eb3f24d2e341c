def counter(start):
    count = start

    def step(by=1):
        nonlocal count
        count += by
        return count

    def look():
        return count

    return step, look


step, look = counter(10)
step()
step(5)
print(look())


def outer(arg):
    def middle():
        def inner():
            return arg + late

        late = 3
        return inner()

    arg += 1
    return middle()


print(outer(1))
functions = []
for i in range(3):
    def f(i=i):
        return i
    functions.append(f)
print([f() for f in functions])


def unbound():
    def see():
        return value
    try:
        see()
    except NameError:
        pass
    value = 1
    del value
    value = 2
    return see()


print(unbound())
