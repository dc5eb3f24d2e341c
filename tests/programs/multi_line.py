def add(
    a,
    b,
    *,
    c=0,
):
    return (
        a
        + b
        + c
    )


value = add(
    1,
    add(
        2,
        3,
    ),
    c=[
        x
        for x in range(4)
        if x
    ][0],
)
text = """
over
lines
""".strip() \
    .upper()
print(
    value,
    text,
)
assert (
    value ==
    7
), "sum"
