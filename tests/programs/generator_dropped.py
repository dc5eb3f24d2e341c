def numbers():
    try:
        yield 1
        yield 2
    finally:
        print("let go")


def first():
    for n in numbers():
        return n


print(first())
