class Guard:
    def __init__(self, swallow):
        self.swallow = swallow

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        self.kind = kind and kind.__name__
        return self.swallow


with Guard(True) as g:
    raise ValueError("kept in")
try:
    with Guard(False) as h:
        raise TypeError("let out")
except TypeError:
    pass
print(g.kind, h.kind)
