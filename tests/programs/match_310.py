def shape(value):
    match value:
        case []:
            return "empty"
        case [x]:
            return f"one {x}"
        case [x, *rest] if x == 0:
            return f"zero then {rest}"
        case {"kind": kind, **more}:
            return kind, more
        case str() | bytes() as text:
            return text
        case int(n):
            return n + 1
        case _:
            return None


for each in ([], [1], [0, 2, 3], [5, 6], {"kind": "k", "a": 1}, "s", 7, 1.5):
    print(shape(each))
