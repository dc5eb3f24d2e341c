import sys


def leave(code):
    try:
        sys.exit(code)
    finally:
        print("leaving")


def caught():
    try:
        leave(1)
    except SystemExit as error:
        return error.code


print(caught())
leave(3)
