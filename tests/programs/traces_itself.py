import sys

seen = []


def tracer(frame, event, arg):
    if frame.f_code.co_name == "work":
        seen.append((event, frame.f_lineno))
    return tracer


def work(n):
    m = n + 1
    return m


sys.settrace(tracer)
print(sys.gettrace() is tracer)
work(1)
sys.settrace(None)
work(2)
print(seen, sys.gettrace())
