def run():
    small = [0, -1, 2**31, -(2**31), 2**62, 2**63 - 1, -(2**63)]
    large = [2**63, -(2**63) - 1, 10**30, 3**200, -(7**300)]
    floats = [0.0, -0.0, 1.5, 1e16, 1e15, 123456789012345680.0, 1e-4, 1e-5, 5e-324, 1.7976931348623157e308]
    odd = [float("inf"), float("-inf"), float("nan"), 0.1 + 0.2, 1 / 3]
    imaginary = 3 + 4j
    truth = True
    nothing = None
    span = range(1, 10, 2)
    value = 1
    for _ in range(70):
        value *= 3
    value = value % 1000
    x = 1.0
    while x > 0.1:
        x /= 2
    return small, large, floats, odd, imaginary, truth, nothing, span, value, x


print(run())
