from collections import Counter, OrderedDict, defaultdict, deque

groups = defaultdict(list)
for n in range(5):
    groups[n % 2].append(n)
counts = Counter("abca")
queue = deque([1, 2], maxlen=2)
queue.append(3)
order = OrderedDict(a=1, b=2)
order.move_to_end("a")
print(dict(groups), counts["a"], list(queue), list(order))
