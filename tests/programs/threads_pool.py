from concurrent.futures import ThreadPoolExecutor


def square(n):
    result = n * n
    return result


with ThreadPoolExecutor(1) as pool:
    first = pool.submit(square, 3).result()
    second = pool.submit(square, first).result()
print(first, second)
