def numbers():
    n = 0
    try:
        while True:
            yield n
            n += 1
    finally:
        print("closed at", n)


it = numbers()
print(next(it), next(it))
it.close()
print(list(it))
