class Held:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("gone", self.name)


def use():
    held = Held("inner")
    return held.name


use()
kept = Held("outer")
del kept
print("end")
