# f('x' * 39)
def f(text):
    forty = text + 'y'
    more = forty + 'z'
    hundred = list(range(40))
    hundred.append(more)
    table = {i: str(i) * 3 for i in range(20)}
    raised = ''
    try:
        int('not a number ' * 5)
    except ValueError:
        raised = 'long' * 30
    return text * 4
