import sys

__version__ = "1"
_private = 2


def main(argv):
    name = __name__
    doc = main.__doc__
    return name, len(argv), doc, sys._getframe().f_back.f_code.co_name


print(main(sys.argv), __file__.rsplit("/", 1)[-1], sys._getframe().f_back)
if __name__ == "__main__":
    print("main")
