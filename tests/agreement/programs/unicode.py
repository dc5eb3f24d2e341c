# f('naïve', '日本語')
def f(a, b):
    both = a + ' ' + b
    face = '😀'
    lengths = {len(a): a, len(b): b}
    shout = both.upper()
    marks = 'e\u0301\u200b\t"\'\\'
    return face + shout[::-1], lengths, marks
