def find(items, wanted):
    i = 0
    while i < len(items):
        if items[i] == wanted:
            break
        i += 1
    else:
        return None
    return i


for n in range(2):
    pass
else:
    done = True
print(find([4, 5], 5), find([4], 6), done)
