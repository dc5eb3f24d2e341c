for i in range(3):
    last = i
    del i
print(last)
