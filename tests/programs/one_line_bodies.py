def f(x): return x + 1
def g(x): y = f(x); return y
if f(1) == 2: a = 1; b = 2
for i in range(2): a += i; b -= i
while a < 5: a += 1
class C: x = 1; y = x + 1
try: g(0)
except ValueError: pass
print(a, b, C.y)
