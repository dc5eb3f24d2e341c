# f('pi', 3.14159)
def f(name, value):
    plain = '%s=%d' % (name, value)
    padded = f'{name:>6}|{value:.2f}|{value!r}'
    made = '{0}{1}{0}'.format(name, '{}')
    raw = b'by\x00tes'
    return plain, padded, made, raw.decode('latin-1')
