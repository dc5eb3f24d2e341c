"""Sorts 200 numbers by swapping neighbours: a list that changes at one place, over and over."""


def bubble(items):
    size = len(items)
    for done in range(size):
        swapped = False
        for at in range(size - 1 - done):
            if items[at] > items[at + 1]:
                items[at], items[at + 1] = items[at + 1], items[at]
                swapped = True
        if not swapped:
            break
    return items


def main():
    state = 12345
    numbers = []
    for _ in range(200):
        state = (state * 1103515245 + 12345) % 2147483648
        numbers.append(state % 1000)
    return sum(bubble(numbers)[::7])


if __name__ == "__main__":
    import clock

    clock.run(main)
