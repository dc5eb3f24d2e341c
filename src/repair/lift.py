"""Reads a tests file, which is the user's own and trusted, and prints as JSON what can be asked of a
candidate without telling it what is expected.

Standard input: {"tests": source, "stem": name of the module under test}.
Standard output:
  {"prelude": imports and helpers for each fresh scope, "reported_prelude": all that stands at the top,
   "names": modules that mean the file under test,
   "cases": [{"name", "fresh", "setup", "call", "is": {"op", "expected"?, "text", "rel"?, "abs"?}}],
   "reported": [{"name", "why", "setup", "call"}]}
A test of which one part cannot be lifted is reported as a whole.
"""
import ast, json, sys

UNITTEST = {"assertEqual": ast.Eq, "assertEquals": ast.Eq, "assertNotEqual": ast.NotEq, "assertIs": ast.Is,
            "assertListEqual": ast.Eq, "assertDictEqual": ast.Eq, "assertTupleEqual": ast.Eq}


def as_test(statement):
    """The test that a statement makes, if it makes one."""
    if isinstance(statement, ast.Assert):
        return statement.test
    call = statement.value if isinstance(statement, ast.Expr) else None
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) \
            and isinstance(call.func.value, ast.Name) and call.func.value.id == "self":
        name, args = call.func.attr, call.args
        if name in UNITTEST and len(args) >= 2:
            return ast.Compare(args[0], [UNITTEST[name]()], [args[1]])
        if name == "assertTrue":
            return args[0]
        if name == "assertFalse":
            return ast.UnaryOp(ast.Not(), args[0])
        if name == "assertIsNone":
            return ast.Compare(args[0], [ast.Is()], [ast.Constant(None)])
    return None


def raising(statement):
    """(expression, exception name) of `with pytest.raises(X): expression`."""
    if not isinstance(statement, ast.With) or len(statement.items) != 1 or len(statement.body) != 1:
        return None
    context = statement.items[0].context_expr
    body = statement.body[0]
    if called(context) not in ("raises", "assertRaises") or len(context.args) != 1 or context.keywords:
        return None
    value = body.value if isinstance(body, (ast.Expr, ast.Assign)) else None
    error = context.args[0]
    if value is None or not isinstance(error, (ast.Name, ast.Attribute)):
        return None
    return value, error.id if isinstance(error, ast.Name) else error.attr


def test_parts(body):
    return [s for s in body if as_test(s) is not None or raising(s) is not None]


def cases_of(name, body, bindings, constants, ignored=()):
    """The cases of one straight-line test, or Unliftable."""
    statements = list(bindings) + list(body)
    expected, other = set(), set()
    for statement in statements:
        test = as_test(statement)
        if isinstance(test, ast.Compare):
            for side in (test.left, test.comparators[0]):
                (expected if isinstance(side, ast.Name) else other).update(names(side))
        else:
            other |= {n for n in names(statement)} - targets(statement)
    known, hidden = dict(constants), set()
    for statement in statements:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1 \
                and isinstance(statement.targets[0], ast.Name):
            target = statement.targets[0].id
            if target in expected and target not in other:
                try:
                    literal(statement.value, constants)
                except Unliftable:
                    continue
                hidden.add(statement)
    cases, setup, fresh = [], [], True
    for statement in statements:
        if statement in hidden:
            known[statement.targets[0].id] = statement.value
            continue
        if isinstance(statement, ignored):
            continue
        test, raises = as_test(statement), raising(statement)
        if raises is not None:
            pairs = [(asked(raises[0]), {"op": "raises", "expected": raises[1], "text": raises[1] + " raised"})]
        elif test is not None:
            pairs = compared(test, known)
        else:
            for part in ast.walk(statement):
                if isinstance(part, (ast.Assert, ast.Return, ast.With, ast.Yield, ast.Await, ast.AsyncFor)):
                    raise Unliftable("it does more than straight statements")
                if isinstance(part, ast.Name) and part.id in ("self", "pytest", "unittest"):
                    raise Unliftable(f"it uses {part.id}")
                if isinstance(part, ast.Name) and part.id in known \
                        and (part.id not in constants or isinstance(part.ctx, ast.Store)):
                    raise Unliftable("what is expected is used elsewhere")
            setup.append(ast.unparse(statement))
            continue
        for call, comparison in pairs:
            line = getattr(statement, "lineno", 0)
            cases.append({"name": name.format(line=line), "fresh": fresh, "setup": "\n".join(setup),
                          "call": call, "is": comparison})
            setup, fresh = [], False
    return cases


def targets(statement):
    if isinstance(statement, ast.Assign):
        return {t.id for t in statement.targets if isinstance(t, ast.Name)}
    return set()


def rows(function, constants):
    """The parameter bindings of each run of a test: one empty for a plain one."""
    result = [("", [])]
    for decorator in function.decorator_list:
        if called(decorator) != "parametrize" or len(decorator.args) < 2:
            raise Unliftable("it is decorated")
        wanted = literal(decorator.args[0], {})
        wanted = [n.strip() for n in wanted.split(",")] if isinstance(wanted, str) else list(wanted)
        table = Known(constants).visit(decorator.args[1])
        if not isinstance(table, (ast.List, ast.Tuple)):
            raise Unliftable("its parameters are computed")
        more = []
        for number, row in enumerate(table.elts):
            values = [row] if len(wanted) == 1 else list(getattr(row, "elts", []))
            if len(values) != len(wanted):
                raise Unliftable("its parameters are computed")
            bound = [ast.fix_missing_locations(ast.Assign([ast.Name(n, ast.Store())], v))
                     for n, v in zip(wanted, values)]
            more += [(f"{label}[{number}]", there + bound) for label, there in result]
        result = more
    bound = {t for _, there in result for a in there for t in targets(a)}
    missing = {a.arg for a in function.args.args} - bound - {"self"}
    if missing:
        raise Unliftable("it needs the fixture " + ", ".join(sorted(missing)))
    return result


def under_test(tree, stem):
    found = [stem]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[-1] == stem:
            found.append(node.module)
        if isinstance(node, ast.Import):
            found += [a.name for a in node.names if a.name.split(".")[-1] == stem]
    return list(dict.fromkeys(found))


def needed(prelude, cases):
    """What of the file's top the lifted calls use: the rest may hold what is expected, and stays outside."""
    wanted = set()
    for case in cases:
        wanted |= names(ast.parse(case["setup"])) | names(ast.parse(case["call"]))
    kept = set()
    while True:
        more = [node for node in prelude if node not in kept and defined(node) & wanted]
        if not more:
            return "\n".join(ast.unparse(node) for node in prelude if node in kept)
        for node in more:
            kept.add(node)
            wanted |= names(node)


def defined(node):
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {(a.asname or a.name).split(".")[0] for a in node.names}
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {node.name}
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def is_check(node):
    return isinstance(node, ast.FunctionDef) and node.name == "check" and len(node.args.args) == 1


def main():
    question = json.load(sys.stdin)
    tree = ast.parse(question["tests"])
    cases, reported, prelude, loose, tests, checks = [], [], [], [], [], {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            tests.append((node.name, node, None))
        elif is_check(node):
            checks["check"] = node
        elif isinstance(node, ast.ClassDef) and any(
                isinstance(f, ast.FunctionDef) and f.name.startswith("test") for f in node.body):
            tests += [(f"{node.name}.{f.name}", f, node) for f in node.body
                      if isinstance(f, ast.FunctionDef) and f.name.startswith("test")]
        elif as_test(node) is not None or raising(node) is not None:
            loose.append(node)
        elif isinstance(node, ast.Expr) and called(node.value) == "check" and "check" in checks:
            function = checks["check"]
            bound = ast.parse(f"{function.args.args[0].arg} = {ast.unparse(node.value.args[0])}").body
            tests.append(("check", ast.FunctionDef("check", ast.arguments([], [], None, [], [], None, []),
                                                   bound + function.body, [], lineno=function.lineno), None))
        elif isinstance(node, ast.If) and "__name__" in names(node.test):
            pass
        elif isinstance(node, ast.Import) and all(a.name in ("pytest", "unittest") for a in node.names):
            pass
        elif isinstance(node, ast.ImportFrom) and node.module in ("pytest", "unittest", "__future__"):
            pass
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            pass
        elif loose:
            loose.append(node)
        else:
            prelude.append(node)

    constants = {}
    for node in prelude:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            try:
                literal(node.value, constants)
                constants[node.targets[0].id] = node.value
            except Unliftable:
                pass

    def report(name, why, setup, call):
        reported.append({"name": name, "why": why, "setup": setup, "call": call})

    try:
        cases += cases_of("line {line}", loose, [], constants)
    except Unliftable:
        # Each on its own: one that cannot be lifted does not take its neighbours along.
        before = []
        for node in loose:
            if as_test(node) is None and raising(node) is None:
                before.append(node)
                continue
            try:
                cases += cases_of("line {line}", before + [node], [], constants)
            except Unliftable as error:
                setup = "\n".join(ast.unparse(n) for n in before)
                body = "    " + ast.unparse(node).replace("\n", "\n    ")
                report(f"line {node.lineno}", str(error), f"{setup}\ndef test():\n{body}", "test()")
    for name, function, owner in tests:
        try:
            if owner and any(isinstance(f, ast.FunctionDef) and f.name.startswith(("setUp", "setup"))
                             for f in owner.body):
                raise Unliftable("its class has a set-up")
            if not test_parts(function.body):
                raise Unliftable("it has no plain assert")
            for label, bindings in rows(function, constants):
                body = [s for s in function.body
                        if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
                cases += cases_of(name + label + ":{line}", body, bindings, constants,
                                  (ast.Pass,))
        except Unliftable as error:
            function.decorator_list = []
            source = ast.unparse(ast.fix_missing_locations(owner or function))
            call = f"{owner.name}({function.name!r}).debug()" if owner and owner.bases else \
                f"{owner.name}().{function.name}()" if owner else f"{function.name}()"
            extra = "import unittest\n" if owner else ""
            report(name, str(error), extra + source, call)
    everything = "\n".join(ast.unparse(node) for node in prelude)
    json.dump({"prelude": needed(prelude, cases), "reported_prelude": everything,
               "names": under_test(tree, question["stem"]), "cases": cases, "reported": reported}, sys.stdout)


try:
    main()
except SyntaxError as error:
    sys.exit(f"line {error.lineno}: {error.msg}")
