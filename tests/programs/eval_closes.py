def area(w, h):
    formula = "w * h"
    return eval(formula)


total = 0
for w in range(3):
    total += area(w, 2)
print(total)
