# Never returns.
def total(xs):
    while True:
        pass
