import multiprocessing


def square(n):
    return n * n


if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    with context.Pool(1) as pool:
        results = pool.map(square, [1, 2, 3])
    del context, pool
    print(results)
