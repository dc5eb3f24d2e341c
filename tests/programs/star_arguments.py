def show(a, *rest, k=1, **more):
    return a, rest, k, sorted(more.items())


first, *middle, last = range(5)
args, named = [2, 3], {"k": 5, "z": 6}
print(show(1, *args, **named), first, middle, last)
print([*args, *middle], {**named, "q": 1})
