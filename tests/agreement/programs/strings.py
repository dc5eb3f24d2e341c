# f('Hello, World', 'lo')
def f(s, sub):
    at = s.find(sub)
    t = s.replace(sub, sub.upper()).split(', ')
    u = '_'.join(reversed(t)).strip('d')
    table = str.maketrans('eo', '30')
    v = u.translate(table)
    w = {c: ord(c) for c in sorted(set(v)) if c > 'l'}
    return at, v, w
