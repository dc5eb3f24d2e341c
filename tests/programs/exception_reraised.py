def inner():
    try:
        raise OSError(2, "nothing there")
    except OSError as error:
        error.tries = 1
        raise


def outer():
    try:
        inner()
    except OSError as error:
        return error.errno, error.tries


print(outer())
