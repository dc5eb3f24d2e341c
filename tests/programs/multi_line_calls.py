def join(
    a,
    b,
    c=3,
):
    return [
        a,
        b,
        c,
    ]


result = join(
    join(1, 2),
    join(
        3,
        4,
    ),
)
text = (
    "one "
    "two"
)
print(
    result,
    text,
)
