n = 1
for i in range(6):
    n = n * 10**9 + i
small = -n
text = "ab" * 400
mixed = [n, small, text[:3]]
print(n % 1000, len(text), 2**200 > n)
