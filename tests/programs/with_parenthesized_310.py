class Open:
    def __init__(self, name):
        self.name = name

    def __enter__(self):
        return self.name

    def __exit__(self, *rest):
        return None


with (
    Open("a") as a,
    Open("b") as b,
):
    both = a + b
print(both)
