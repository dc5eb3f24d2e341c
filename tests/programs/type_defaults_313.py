class Box[T = int]:
    def __init__(self, item: T):
        self.item = item


box = Box(3)
print(box.item)
