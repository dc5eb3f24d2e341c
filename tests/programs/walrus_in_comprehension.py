def picks(values):
    kept = [y for x in values if (y := x * 2) > 2]
    return kept, y


print(picks([1, 2, 3]))
print(any((hit := n) > 3 for n in [1, 5, 2]), hit)
