# f()
class Guard:
    def __init__(self, name):
        self.name = name

    def __enter__(self):
        return self.name

    def __exit__(self, kind, value, trace):
        return kind is KeyError

def f():
    with Guard('g') as name:
        x = name * 2
        {}['missing']
    y = x
    return y
