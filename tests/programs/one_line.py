def run(n):
    x = 0
    while x < n: x += 1
    for i in range(3): x += i
    if x: y = 1; z = 2
    return [x, y, z]


print(run(4)); print(run(2))
i = 0
while i < 3: i += 1
