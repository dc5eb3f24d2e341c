# f()
def empty():
    pass

def documented():
    """Does nothing."""

def f():
    a = empty()
    documented()
    ...
    b = None
