class Box:
    pass


box = Box()
box.a = 1
box.b = 2
del box.a
print(vars(box))
