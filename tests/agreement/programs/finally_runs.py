# f(0)
def div(n):
    log = []
    try:
        log.append('try')
        return 10 / n
    finally:
        log.append('finally')

def f(n):
    good = div(5)
    try:
        bad = div(n)
    except ZeroDivisionError:
        bad = None
    return good, bad
