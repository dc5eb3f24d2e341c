import functools


def repeat(times):
    def wrap(function):
        @functools.wraps(function)
        def inner(*args):
            return [function(*args) for _ in range(times)]

        return inner

    return wrap


@repeat(2)
def greet(name):
    return "hi " + name


print(greet("you"), greet.__name__)
