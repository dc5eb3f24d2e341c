class Echo:
    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return name.upper()

    def __setattr__(self, name, value):
        super().__setattr__(name, value * 2)


echo = Echo()
echo.n = 4
print(echo.hello, echo.n, hasattr(echo, "_x"))
