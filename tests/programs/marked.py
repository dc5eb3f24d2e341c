name = 'é'
print(len(name))
