# f('a1b22')
def f(text):
    res, at = [], 0
    while (c := text[at:at + 1]):
        at += 1
        if (n := c.isdigit()) and res:
            res[-1] += c
        elif not n: res.append(c)
    return res
