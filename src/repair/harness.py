"""Runs inside the sandbox, beside the code that is judged: what it says is a claim about what was returned,
never a verdict. It is never told what was expected.

One JSON object a line comes in on descriptor 3 and one answer a line goes out on descriptor 4, with the
question's nonce:
  {"nonce", "do": "compile"}          {"nonce"} or {"nonce", "syntax": message, "line"}
  {"nonce", "do": "load"}             {"nonce"} or {"nonce", "error": [class, bases...], "message"}
  {"nonce", "do": "call", "fresh", "prelude", "setup", "call"}
                                      {"nonce", "value"} or as for "load"
"""
import collections, json, os, sys, types

DEPTH = 60
PLAIN = {list: "list", tuple: "tuple", set: "set", frozenset: "frozenset"}
DICTS = (dict, collections.OrderedDict, collections.defaultdict, collections.Counter)


def encode(value, depth=0):
    """Only exact built-in types are structure; a subclass could equal whatever it likes."""
    if depth > DEPTH:
        return {"object": "something nested too deep"}
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is int:
        return {"int": hex(value)}
    if kind is float:
        return {"float": repr(value)}
    if kind is complex:
        return {"complex": [repr(value.real), repr(value.imag)]}
    if kind is str:
        try:
            value.encode("utf-8")
            return value
        except UnicodeEncodeError:
            return {"surrogates": value.encode("utf-8", "surrogatepass").hex()}
    if kind is bytes or kind is bytearray:
        return {kind.__name__: value.hex()}
    if kind in PLAIN:
        return {PLAIN[kind]: [encode(item, depth + 1) for item in value]}
    if kind in DICTS:
        return {"dict": [[encode(k, depth + 1), encode(v, depth + 1)] for k, v in value.items()]}
    return {"object": str(kind.__name__)[:80]}


def failure(error):
    bases = [str(base.__name__)[:80] for base in type(error).__mro__][:12]
    try:
        message = str(error)[:2000].encode("utf-8", "replace").decode("utf-8")
    except BaseException:
        message = ""
    line = None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == FILE:
            line = trace.tb_lineno
        trace = trace.tb_next
    return {"error": bases, "message": message, "line": line}


FILE, NAMES = sys.argv[1], sys.argv[2:]


def main():
    loads, dumps, write = json.loads, json.dumps, os.write
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    sys.path[0] = here
    module = types.ModuleType(NAMES[0])
    module.__file__ = os.path.join(here, FILE)
    code, scope = None, {}

    def answer(question):
        nonlocal code, scope
        if question["do"] == "compile":
            with open(FILE, "rb") as source:
                try:
                    code = compile(source.read(), FILE, "exec")
                    return {}
                except (SyntaxError, ValueError) as error:
                    return {"syntax": str(error)[:2000], "line": getattr(error, "lineno", None)}
                except RecursionError:
                    return {"syntax": "nested too deep", "line": None}
        try:
            if question["do"] == "load":
                for name in NAMES:
                    sys.modules[name] = module
                exec(code, module.__dict__)
                return {}
            if question["fresh"]:
                scope = dict(module.__dict__)
                exec(question["prelude"], scope)
            exec(question["setup"], scope)
            return {"value": encode(eval(question["call"], scope))}
        except BaseException as error:
            return failure(error)

    with os.fdopen(3, "rb") as questions:
        for line in questions:
            question = loads(line)
            reply = answer(question)
            reply["nonce"] = question["nonce"]
            data = (dumps(reply) + "\n").encode()
            while data:
                data = data[write(4, data):]


main()
