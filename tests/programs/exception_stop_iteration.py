def pull(it):
    try:
        return next(it)
    except StopIteration:
        return "over"


it = iter([1])
print(pull(it), pull(it))


def bad():
    yield 1
    raise StopIteration


try:
    list(bad())
except RuntimeError as error:
    print(type(error.__cause__).__name__)
