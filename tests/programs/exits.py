import atexit
import sys


def leave():
    print("at exit")


atexit.register(leave)


def run():
    try:
        sys.exit(3)
    finally:
        print("finally")


run()
