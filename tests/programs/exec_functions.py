names = {}
exec("def double(n):\n    m = n * 2\n    return m\n", names)
result = names["double"](4)
print(result)
