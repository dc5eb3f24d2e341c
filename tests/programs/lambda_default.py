add = lambda a, b=2: a + b
apply = lambda f, *args: f(*args)
print(add(1), apply(add, 3, 4))
ordered = sorted([3, -1, 2], key=lambda n: -n)
print(ordered)
