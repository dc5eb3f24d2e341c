"""A list that grows to 10,000 numbers and is then written all over."""


def grow(count):
    items = []
    total = 0
    for index in range(count):
        items.append(index * 3 % 1001)
        total += items[index // 2]
    for index in range(count):
        items[index] = total % (index + 1)
        total -= 1
    return items, total


def main():
    items, total = grow(10000)
    return len(items), total


if __name__ == "__main__":
    import clock

    clock.run(main)
