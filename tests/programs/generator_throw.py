def guarded():
    try:
        yield 1
        yield 2
    except ValueError as error:
        yield f"caught {error}"
    finally:
        print("cleaning")


it = guarded()
next(it)
print(it.throw(ValueError("thrown")))
try:
    next(it)
except StopIteration as stop:
    print("stopped", stop.value)

it = guarded()
next(it)
it.close()


def bare():
    yield 1
    yield 2


it = bare()
try:
    it.throw(KeyError("early"))
except KeyError as error:
    print(repr(error))
it = bare()
next(it)
try:
    it.throw(KeyError("late"))
except KeyError as error:
    print(repr(error))
it = bare()
next(it)
it.close()
del it
fresh = bare()
fresh.close()
