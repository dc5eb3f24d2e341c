def raise_many():
    raise ExceptionGroup("many", [ValueError("a"), TypeError("b"), ExceptionGroup("in", [KeyError("c")])])


def sort_out():
    seen = []
    try:
        raise_many()
    except* ValueError as group:
        seen.append(len(group.exceptions))
    except* (TypeError, KeyError) as group:
        seen.append(len(group.exceptions))
    return seen


print(sort_out())
