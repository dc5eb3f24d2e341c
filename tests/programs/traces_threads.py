import sys
import threading

seen = []


def tracer(frame, event, arg):
    if frame.f_code.co_name == "work":
        seen.append(event)
    return tracer


def work():
    x = 1
    return x


threading.settrace(tracer)
thread = threading.Thread(target=work)
thread.start()
thread.join()
threading.settrace(None)
work()
print(seen, sys.gettrace())
