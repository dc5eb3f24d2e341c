def fact(n):
    if n <= 1:
        return 1
    m = fact(n - 1)
    return n * m


def both(n):
    return (fact(n),
            fact(n - 1))
