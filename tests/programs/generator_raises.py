def shaky():
    yield 1
    raise ValueError("inside")


def drain():
    got = []
    try:
        for x in shaky():
            got.append(x)
    except ValueError as error:
        got.append(str(error))
    return got


print(drain())
