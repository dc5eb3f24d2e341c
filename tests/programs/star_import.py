from math import *
from os.path import join as j, basename

print(floor(pi), j("a", "b"), basename("x/y"))
import string as s

print(s.digits)
