import sys


def tracer(frame, event, arg):
    if event == "line":
        raise ValueError("from the tracer")
    return tracer


def work():
    x = 1
    return x


sys.settrace(tracer)
try:
    work()
except ValueError as error:
    print(error, sys.gettrace())
print(work())
