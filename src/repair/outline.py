"""Prints where the functions and classes of two sources lie, as JSON. Runs inside the sandbox, since one of
the sources is a candidate; it only parses, so that what it prints is no claim of the candidate's.

Arguments: two files. Lines are from 1, `end` is the last line.
  [{"items": [{"name", "start", "end", "indent", "kind": "def"|"import"|"other"}], "imports_end"} or null, …]
"""
import ast, json, sys


def item(node, prefix=""):
    start = min([node.lineno] + [d.lineno for d in getattr(node, "decorator_list", [])])
    kind, name = "other", ""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        kind, name = "def", prefix + node.name
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        kind = "import"
    return {"name": name, "start": start, "end": node.end_lineno, "indent": node.col_offset, "kind": kind}


def outline(path):
    with open(path, "rb") as source:
        try:
            tree = ast.parse(source.read())
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
    items, last = [], 0
    for node in tree.body:
        items.append(item(node))
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and node is tree.body[0]
        if docstring or isinstance(node, (ast.Import, ast.ImportFrom)):
            last = node.end_lineno
        if isinstance(node, ast.ClassDef):
            items += [item(part, node.name + ".") for part in node.body
                      if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef))]
    return {"items": items, "imports_end": last}


print(json.dumps([outline(path) for path in sys.argv[1:]]))
