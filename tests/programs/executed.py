names = {"x": 2}
exec("y = x * 3\nfor i in range(2):\n    y += i", names)
print(names["y"], eval("x + y", names))


def local():
    a = 1
    exec("a = 5")
    b = eval("a + 1")
    return a, b, sorted(locals())


print(local())
code = compile("[n * n for n in range(3)]", "<generated>", "eval")
print(eval(code))
