from math import *
from string import *

area = pi * floor(2.5)
print(round(area, 2), digits[:3])
