names = ["a", "b"]
text = f"{", ".join(f"{n!r:>4}" for n in names)}"
print(text, f"{text=}")
