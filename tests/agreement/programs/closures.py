# f(2)
def make(step):
    count = 0
    def bump(by=1):
        nonlocal count
        count += step * by
        return count
    return bump

def f(n):
    bump = make(n)
    one = bump()
    two = bump(by=3)
    return one + two
