# f('12', 'x1')
def number(text):
    value = int(text)
    return value

def f(a, b):
    res = []
    for text in (a, b):
        try:
            res.append(number(text))
        except ValueError:
            res.append(None)
    return res
