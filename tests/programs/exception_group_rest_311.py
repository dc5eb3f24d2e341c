def run():
    try:
        try:
            raise ExceptionGroup("g", [ValueError(1), OSError(2)])
        except* ValueError:
            handled = True
    except ExceptionGroup as rest:
        return handled, [type(it).__name__ for it in rest.exceptions]


print(run())
