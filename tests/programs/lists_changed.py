a = list(range(6))
a[1:3] = [10]
a.insert(0, -1)
del a[-1]
a.sort(reverse=True)
a.extend(x for x in (7, 8))
b = a[::2]
a.clear()
print(a, b)
