# f(17)
import math
from collections import Counter

LIMIT = 3

def f(n):
    root = math.isqrt(n) + LIMIT
    counts = Counter('abca')
    top = counts.most_common(1)
    return root, top
