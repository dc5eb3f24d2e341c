"""Sums over a sliding window, with a bug in it: record it and find out where it goes wrong."""


def moving_sum(xs, k):
    out = []
    s = sum(xs[:k])
    out.append(s)
    for i in range(k, len(xs)):
        s += xs[i] - xs[i - k + 1]
        out.append(s)
    return out


if __name__ == "__main__":
    sums = moving_sum([1, 2, 3, 4], 2)
    print("sums:", sums)
    assert sums == [3, 5, 7], "each window holds two neighbors"
