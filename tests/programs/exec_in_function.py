def run(code):
    names = {"x": 1}
    exec(code, names)
    return names["x"]


a = run("x += 1")
b = run("for i in range(3):\n    x += i")
print(a, b, eval("a + b"))
