# f(1, c=5)
def join(*parts, sep='-', **rest):
    return sep.join(map(str, parts)) + str(sorted(rest))

def f(a, b=2, *args, c, d=None, **kwargs):
    text = join(a, b, c)
    more = join(a, sep='', x=1)
    return text, more, args, d, kwargs
