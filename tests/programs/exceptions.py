class Custom(Exception):
    def __init__(self, code):
        super().__init__("custom", code)
        self.code = code

    def __str__(self):
        return "shown by the program"


def risky(n):
    if n == 0:
        return 1 // n
    if n == 1:
        return [][n]
    if n == 2:
        raise Custom(42)
    return n


def run(n):
    try:
        value = risky(n)
    except ZeroDivisionError as error:
        return "zero", str(error)
    except (IndexError, KeyError):
        return "lookup"
    else:
        value += 1
    finally:
        print("finally", n)
    return value


print(run(0), run(1), run(3))
try:
    run(2)
except Custom as error:
    print(error.code)


def nested():
    try:
        try:
            {}["missing"]
        except KeyError as error:
            raise RuntimeError("wrapped") from error
        finally:
            inner = "ran"
    except RuntimeError as error:
        cause = error.__cause__
        return inner, type(cause).__name__


print(nested())


def reraised():
    for i in range(3):
        try:
            if i == 1:
                continue
            if i == 2:
                raise ValueError(i)
        except ValueError:
            try:
                raise
            except ValueError as again:
                return again.args
        finally:
            last = i


print(reraised())
raise SystemError("uncaught", 7)
