def clumsy():
    try:
        [][0]
    except IndexError:
        return {}["k"]


def nested():
    try:
        try:
            clumsy()
        finally:
            done = True
    except KeyError as error:
        return done, type(error.__context__).__name__


print(nested())
