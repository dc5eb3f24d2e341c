# f({'a': 1}, 'b')
def f(d, key):
    try:
        value = d[key]
    except KeyError as e:
        value = str(e)
    else:
        value = None
    return value
