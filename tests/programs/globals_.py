total = 0
names = []


def bump(by):
    global total, born
    total += by
    born = total * 2
    names.append(by)


for i in range(3):
    bump(i)
print(total, born, names)
globals()["made"] = 9
print(made)
