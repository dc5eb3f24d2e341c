import atexit

log = []


def last(word):
    log.append(word)
    print(log)


atexit.register(last, "two")
atexit.register(last, "one")
print("end of the file")
