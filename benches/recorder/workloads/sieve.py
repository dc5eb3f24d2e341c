"""Primes below 30,000 in a bytearray, then sums in nested loops: short lines, nothing but numbers."""


def sieve(limit):
    flags = bytearray([1]) * (limit + 1)
    at = 2
    while at * at <= limit:
        if flags[at]:
            step = at * at
            while step <= limit:
                flags[step] = 0
                step += at
        at += 1
    count = 0
    for number in range(2, limit + 1):
        if flags[number]:
            count += 1
    return count


def main():
    total = sieve(30000)
    mean = 0.0
    for row in range(120):
        for column in range(150):
            mean += (row * column) % 7 / 3.0
            total ^= column
    return total, mean


if __name__ == "__main__":
    import clock

    clock.run(main)
