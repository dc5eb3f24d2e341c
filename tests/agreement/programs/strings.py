# f('Hello, World', 'lo')
def f(s, sub):
    at = s.find(sub)
    t = s.replace(sub, sub.upper()).split(', ')
    u = '_'.join(reversed(t)).strip('d')
    table = str.maketrans('eo', '30')
    v = u.translate(table)
    w = {c: v.count(c) for c in sorted(set(v)) if v.count(c) > 1}
    return at, v, w
