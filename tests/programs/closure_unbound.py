def outer():
    def inner():
        return later

    try:
        inner()
    except NameError as error:
        first = type(error).__name__
    later = 3
    return first, inner()


print(outer())
