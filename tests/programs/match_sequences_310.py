def head(items):
    match items:
        case []:
            return None
        case [one]:
            return one
        case [first, *_, last]:
            return first, last


print(head([]), head([1]), head([1, 2, 3]))
match ("go", 3):
    case ("go", n) if n > 5:
        far = True
    case ("go", n):
        far = False
print(far, n)
