def parse(texts):
    try:
        return [int(t) for t in texts]
    except ValueError as error:
        return str(error)


print(parse(["1", "x", "3"]))
