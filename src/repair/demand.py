"""What an `assert` says, as data: an expression to evaluate beside the candidate, and what its value is
compared with, which the candidate never meets. Runs before lift.py, in one program with it.
"""
import ast, math

SAFE = {"float": float, "set": set, "frozenset": frozenset, "tuple": tuple, "list": list, "dict": dict,
        "bytes": bytes, "bytearray": bytearray, "complex": complex, "math": math, "range": range,
        "True": True, "False": False, "None": None}
NODES = (ast.Expression, ast.Constant, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.UnaryOp, ast.UAdd,
         ast.USub, ast.Invert, ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.Call, ast.Name,
         ast.Load, ast.Attribute, ast.FloorDiv, ast.Mod, ast.LShift)
ORDER = {ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge"}
MIRROR = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}
PLAIN = {list: "list", tuple: "tuple", set: "set", frozenset: "frozenset"}


class Unliftable(Exception):
    pass


def encode(value):
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is str:
        try:
            value.encode("utf-8")
            return value
        except UnicodeEncodeError:
            return {"surrogates": value.encode("utf-8", "surrogatepass").hex()}
    if kind is int:
        return {"int": hex(value)}
    if kind is float:
        return {"float": repr(value)}
    if kind is complex:
        return {"complex": [repr(value.real), repr(value.imag)]}
    if kind in (bytes, bytearray):
        return {kind.__name__: value.hex()}
    if kind in PLAIN:
        return {PLAIN[kind]: [encode(item) for item in value]}
    if kind is dict:
        return {"dict": [[encode(k), encode(v)] for k, v in value.items()]}
    raise Unliftable(f"a {kind.__name__} is expected")


def names(node):
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def literal(node, known):
    """The value of an expression of constants; `known` are names that hold such a value."""
    node = Known(known).visit(ast.parse(ast.unparse(node), mode="eval"))
    for part in ast.walk(node):
        if not isinstance(part, NODES):
            raise Unliftable("what is expected is computed")
        if isinstance(part, ast.Name) and part.id not in SAFE:
            raise Unliftable(f"what is expected depends on {part.id}")
        if isinstance(part, ast.Attribute) and not (isinstance(part.value, ast.Name) and part.value.id == "math"):
            raise Unliftable("what is expected is computed")
    try:
        return eval(compile(node, "expected", "eval"), {"__builtins__": {}}, dict(SAFE))
    except Exception as error:
        raise Unliftable(f"what is expected cannot be computed: {error}")


class Known(ast.NodeTransformer):
    def __init__(self, known):
        self.known = known

    def visit_Name(self, node):
        return self.known.get(node.id, node)


def asked(node):
    """An expression to evaluate inside. It must not compare by itself: whoever defines `==` there decides."""
    for part in ast.walk(node):
        if isinstance(part, (ast.Compare, ast.BoolOp, ast.Yield, ast.YieldFrom, ast.Await, ast.NamedExpr)):
            raise Unliftable("it compares by itself")
    return ast.unparse(node)


def called(node):
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name):
            return node.func.id
        if isinstance(node.func, ast.Attribute):
            return node.func.attr
    return None


def keywords(node, known):
    return {k.arg: float(literal(k.value, known)) for k in node.keywords}


def compared(test, known):
    """Pairs of (expression, comparison) that together say what `assert test` says."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return [pair for part in test.values for pair in compared(part, known)]
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return [(asked(test.operand), {"op": "falsy", "text": "something false"})]
    if called(test) == "isclose" and len(test.args) == 2:
        options = keywords(test, known)
        left, right = test.args
        try:
            value = literal(right, known)
        except Unliftable:
            left, right = right, left
            value = literal(right, known)
        return [(asked(left), {"op": "approx", "expected": encode(value), "text": ast.unparse(right),
                               "rel": options.get("rel_tol", 1e-9), "abs": options.get("abs_tol", 0.0)})]
    if not isinstance(test, ast.Compare):
        return [(asked(test), {"op": "truthy", "text": "something true"})]
    if len(test.ops) != 1:
        raise Unliftable("it chains comparisons")
    left, op, right = test.left, test.ops[0], test.comparators[0]
    if isinstance(op, (ast.In, ast.NotIn)):
        value = literal(right, known)
        if type(value) not in (list, tuple, set, frozenset):
            raise Unliftable("it looks into what is no list")
        return [(asked(left), {"op": "in" if isinstance(op, ast.In) else "not-in",
                               "expected": encode(list(value)), "text": "one of " + ast.unparse(right)})]
    mirrored = False
    try:
        literal(right, known) if called(right) != "approx" else None
    except Unliftable:
        left, right, mirrored = right, left, True
    if called(right) == "approx":
        if not isinstance(op, ast.Eq):
            raise Unliftable("it compares approximately, but not for equality")
        options = keywords(right, known)
        value = literal(right.args[0], known)
        return [(asked(left), {"op": "approx", "expected": encode(value), "text": ast.unparse(right.args[0]),
                               "rel": options.get("rel", 1e-6 if "abs" not in options else 0.0),
                               "abs": options.get("abs", 1e-12)})]
    value, text = literal(right, known), ast.unparse(Known(known).visit(right))
    if isinstance(op, (ast.Lt, ast.LtE)) and not mirrored and called(left) == "abs" \
            and isinstance(left.args[0], ast.BinOp) and isinstance(left.args[0].op, ast.Sub):
        inner = left.args[0]
        for one, other in ((inner.left, inner.right), (inner.right, inner.left)):
            try:
                middle = literal(other, known)
            except Unliftable:
                continue
            return [(asked(one), {"op": "approx", "expected": encode(middle), "text": ast.unparse(other),
                                  "rel": 0.0, "abs": float(value)})]
    if isinstance(op, (ast.Is, ast.IsNot)):
        if value is not None and type(value) is not bool:
            raise Unliftable("it compares the identity of a value")
        name = "is" if isinstance(op, ast.Is) else "is-not"
    elif type(op) in ORDER:
        name = ORDER[type(op)]
        name = MIRROR[name] if mirrored else name
    else:
        name = "eq" if isinstance(op, ast.Eq) else "ne"
    if name in ("ne", "is-not"):
        text = "anything but " + text
    if name in MIRROR:
        text = {"lt": "less than ", "le": "at most ", "gt": "more than ", "ge": "at least "}[name] + text
    return [(asked(left), {"op": name, "expected": encode(value), "text": text})]
