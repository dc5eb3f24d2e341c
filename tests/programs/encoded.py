# -*- coding: latin-1 -*-
name = "café"

def f(x):
    y = x + name
    return y

print(len(f("a")))
