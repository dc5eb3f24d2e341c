import threading

caught = []


def fail(n):
    try:
        return 1 // n
    except ZeroDivisionError as error:
        caught.append(type(error).__name__)


thread = threading.Thread(target=fail, args=(0,))
thread.start()
thread.join()
print(caught)
