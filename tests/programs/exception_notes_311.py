def run():
    try:
        error = ValueError("v")
        error.add_note("first")
        raise error
    except ValueError as caught:
        caught.add_note("second")
        return caught.__notes__


print(run())
