words = ["a", "bb", "cc", "ddd"]
lengths = {len(w) for w in words}
by_length = {n: [w for w in words if len(w) == n] for n in sorted(lengths)}
total = sum(len(w) for w in words)
print(sorted(lengths), by_length, total)
