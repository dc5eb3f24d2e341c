def hide():
    try:
        int("x")
    except ValueError:
        raise LookupError("hidden") from None


try:
    hide()
except LookupError as error:
    print(error.__suppress_context__, type(error.__context__).__name__)
