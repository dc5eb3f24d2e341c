class Shut:
    def __enter__(self):
        return 1

    def __exit__(self, *rest):
        return False


def early():
    for i in range(3):
        with Shut() as n:
            if i == 1:
                return i + n
            continue


print(early())
