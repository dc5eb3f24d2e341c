def counter(start):
    n = start

    def step(by=1):
        nonlocal n
        n += by
        return n

    def reset():
        nonlocal n
        n = start

    return step, reset


step, reset = counter(5)
step(), step(3)
reset()
print(step())
