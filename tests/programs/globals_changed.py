count = 0
names = []


def bump(name):
    global count, made
    count += 1
    made = name
    names.append(name)


bump("a")
bump("b")
print(count, made, names)
