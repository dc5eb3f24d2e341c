def f(n):
	if n:
		return 1
	return 0


print(f(1),	f(0))
