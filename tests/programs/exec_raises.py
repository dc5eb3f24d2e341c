def run(code):
    try:
        exec(code)
    except ZeroDivisionError as error:
        return str(error)
    except SyntaxError as error:
        return error.lineno


print(run("1 / 0"), run("x = ("))
