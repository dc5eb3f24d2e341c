"""Fibonacci by recursion: nothing but calls and returns."""


def fib(n):
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)


def main():
    return fib(20)


if __name__ == "__main__":
    import clock

    clock.run(main)
