# f('no')
def read(text):
    try:
        return int(text)
    except ValueError as error:
        raise RuntimeError(f'not a number: {text}') from error

def f(text):
    try:
        read(text)
    except RuntimeError as e:
        cause = type(e.__cause__).__name__
    return cause
