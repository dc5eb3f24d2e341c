import functools


def logged(prefix):
    def wrap(function):
        @functools.wraps(function)
        def inner(*args, **named):
            print(prefix, args, named)
            return function(*args, **named)

        return inner

    return wrap


@logged("call")
@functools.lru_cache(maxsize=None)
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


print(fib(5))


@logged(
    "many"
    " lines"
)
def g(a, *, b=1):
    return a + b


print(g(1, b=2))
