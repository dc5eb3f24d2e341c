# f(['a', 'bb'])
def size(word):
    n = len(word)
    return n

def f(words):
    sizes = [size(w) for w in words]
    pairs = [(a, b) for a in sizes for b in words]
    return sizes, len(pairs)
