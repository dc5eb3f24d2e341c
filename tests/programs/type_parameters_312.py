def first[T](items: list[T]) -> T:
    return items[0]


class Box[T]:
    def __init__(self, item: T):
        self.item = item


type Pairs[K] = list[tuple[K, K]]
print(first([3, 4]), Box("x").item, Pairs.__name__)
