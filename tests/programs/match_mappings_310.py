def handle(event):
    match event:
        case {"kind": "key", "code": int(code)}:
            return code
        case {"kind": "move", **rest} if rest:
            return sorted(rest)
        case {}:
            return "other"
        case _:
            return None


print(handle({"kind": "key", "code": 3}), handle({"kind": "move", "x": 1}), handle({}), handle(1))
