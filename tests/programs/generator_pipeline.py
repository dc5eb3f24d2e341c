def source(n):
    for i in range(n):
        yield i


def doubled(items):
    for item in items:
        yield item * 2


def odd_ones(items):
    for item in items:
        if item % 4:
            yield item


print(sum(odd_ones(doubled(source(5)))))
