def check(n):
    assert n > 0, "n is %d" % n
    return n


got = check(1)
try:
    check(-1)
except AssertionError as error:
    print(error)
