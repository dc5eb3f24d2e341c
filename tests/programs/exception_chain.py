def low():
    raise KeyError("k")


def middle():
    try:
        low()
    except KeyError as error:
        raise ValueError("v") from error


def high():
    try:
        middle()
    except ValueError:
        raise RuntimeError("r")


try:
    high()
except RuntimeError as error:
    chain = []
    while error:
        chain.append(type(error).__name__)
        error = error.__cause__ or error.__context__
    print(chain)
