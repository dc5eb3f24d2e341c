"""Containers around the number of items that are kept, and texts around their length."""


def lists():
    items = list(range(1000, 1095))
    for step in range(12):
        items.append(step + 5000)
    for step in range(12):
        items[98 + step % 4] += 1000
    for _ in range(12):
        items.pop()
    for step in range(6):
        items.insert(0, float(step))
        items[50] = None if step % 2 else step
    texts = [str(step) for step in range(95)]
    for step in range(10):
        texts.append("text %d" % step)
        texts[90 + step] += "!"
    return items, texts


def dicts():
    counts = {}
    for step in range(300):
        key = "key %d" % (step * 7 % 110)
        counts[key] = counts.get(key, 0) + 1000
    for step in range(8):
        counts["key %d" % (step * 7)] += 1
        counts["key %d" % (step * 7)] += 1; counts["key %d" % (step * 14)] -= 1
    del counts["key 0"]
    counts["key 0"] = 1
    counts["key 7"] = "text"
    counts["key 14"] = [1]
    counts["key 14"].append(2)
    return counts


def texts():
    text = "x" * 995
    for _ in range(8):
        text += "y"
    raw = bytearray(995)
    for step in range(8):
        raw.append(step + 1)
        raw[990 + step] = 7
    grid = [[step] * 30 for step in range(40)]
    for step in range(40):
        grid[step][29] += 1000
    return text, raw, grid


lists()
dicts()
texts()
