from contextlib import contextmanager


class Swallow:
    def __enter__(self):
        return "inside"

    def __exit__(self, kind, error, traceback):
        print("leaving", kind.__name__ if kind else None)
        return kind is ValueError


@contextmanager
def noted(name):
    print("enter", name)
    try:
        yield name.upper()
    finally:
        print("exit", name)


with Swallow() as state:
    print(state)
    raise ValueError("swallowed")
with noted("a") as a, noted("b") as b:
    print(a, b)


def early():
    with noted("c"):
        return "returned"


print(early())
try:
    with noted("d"):
        raise KeyError("through")
except KeyError as error:
    print("got", error)
