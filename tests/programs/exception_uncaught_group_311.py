def fail():
    raise ExceptionGroup("both", [ValueError("one"), TypeError("two")])


fail()
