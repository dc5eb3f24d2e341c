add = lambda a, b=2: a + b
compose = lambda f, g: lambda x: f(g(x))
double = lambda x: x * 2
print(add(1), add(1, 1), compose(double, add)(5))
print(sorted(["bb", "a", "ccc"], key=lambda s: -len(s)))
pairs = list(map(lambda p: p[0] * p[1], [(1, 2), (3, 4)]))
print(pairs)
