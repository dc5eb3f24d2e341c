seen = []


def note(x):
    seen.append(x)
    return x * x


squares = (note(x) for x in range(4))
print(seen)
print(next(squares), next(squares), seen)
print(max(squares), seen)
