"""Writes what a program does as records, one JSON list a line, for the tests of representations.

usage: dump.py PROGRAM.py [CALL] > RECORDS.jsonl

Knows only `sys.settrace` and the built-in types: an oracle that shares no code with the recorder.
"""
import dis, io, json, os, sys, threading, types

PROGRAM = os.path.abspath(sys.argv[1])
CALL = sys.argv[2] if len(sys.argv) > 2 else None
ROOT = os.path.dirname(PROGRAM)
out, names, files, codes, frames, last, seen, threads = [], {}, {}, {}, {}, {}, {}, {}
keep, raised, current, limit = [], {}, [1], 50


def put(*record):
    out.append(record)


def value(v, depth=0):
    t = type(v)
    if v is None or t in (bool, str) or t is int and abs(v) < 2**53:
        return v
    if t is float:
        return {"float": repr(v)}
    if t in (list, tuple, set, frozenset) and depth < 8:
        return {t.__name__: [len(v), [value(x, depth + 1) for x in list(v)[:limit]]]}
    if t is dict and depth < 8:
        return {"dict": [len(v), [[value(k, depth + 1), value(x, depth + 1)] for k, x in list(v.items())[:limit]]]}
    if isinstance(v, BaseException):
        return {"object": [t.__name__, [["", value(x)] for x in v.args]]}
    if t in (types.FunctionType, types.BuiltinFunctionType, types.ModuleType, type, range):
        return {"opaque": [t.__name__, repr(v).split(" at 0x")[0] + (">" if " at 0x" in repr(v) else "")]}
    return {"bare": t.__qualname__}


def name(text):
    if text not in names:
        names[text] = len(names)
        put("name", text)
    return names[text]


def kind(code):
    known = {"<module>": "module", "<listcomp>": "comprehension", "<setcomp>": "comprehension",
             "<dictcomp>": "comprehension", "<genexpr>": "genexpr", "<lambda>": "lambda"}
    if code.co_name in known:
        return known[code.co_name]
    if code.co_flags & 0x80:
        return "coroutine"
    if code.co_flags & 0x20:
        return "generator"
    return "function" if code.co_flags & 0x2 else "class"


def order(code):
    return list(dict.fromkeys(code.co_varnames + code.co_cellvars + code.co_freevars)) if code.co_flags & 0x2 else []


def code_id(code):
    if code not in codes:
        path = code.co_filename
        if path not in files:
            files[path] = len(files)
            put("file", os.path.relpath(path, ROOT), open(path).read())
        locals_ = [name(n) for n in order(code)]
        codes[code] = len(codes)
        keep.append(code)
        n = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 4) + bool(code.co_flags & 8)
        put("code", files[path], code.co_firstlineno, kind(code), code.co_name,
            getattr(code, "co_qualname", code.co_name), locals_, n)
    return codes[code]


def writes(frame):
    skip = frame.f_code.co_name == "<module>" or kind(frame.f_code) == "class"
    now = {n: json.dumps(value(v)) for n, v in list(frame.f_locals.items())
           if not (skip and n.startswith("__") and n.endswith("__"))}
    before = seen.get(id(frame), {})
    diff = [[name(n), json.loads(v)] for n, v in now.items() if before.get(n) != v]
    diff += [[name(n)] for n in before if n not in now]
    seen[id(frame)] = now
    return diff


def on(frame, event, arg):
    if not os.path.abspath(frame.f_code.co_filename).startswith(ROOT) or frame.f_code.co_filename == __file__:
        return None
    if event == "opcode":
        return on
    me = threads.setdefault(threading.get_ident(), len(threads) + 1)
    if me != current[0]:
        current[0] = me
        put("thread", me)
    if event == "call":
        if id(frame) in frames:
            put("resume", frames[id(frame)], frame.f_lineno, writes(frame))
        else:
            code = code_id(frame.f_code)
            keep.append(frame)
            frames[id(frame)] = len(frames) + 1
            put("call", code, frame.f_lineno, writes(frame))
    else:
        delta = frame.f_lineno - last[id(frame)]
        diff = writes(frame)
        if event == "line":
            put("line", delta, diff)
        elif event == "exception":
            put("exception", delta, diff, arg[0].__name__, str(arg[1]), value(arg[1]))
        elif raised.get(id(frame)):
            put("unwind", delta, diff)
        elif dis.opname[frame.f_code.co_code[frame.f_lasti]] == "YIELD_VALUE":
            put("yield", delta, diff, value(arg))
        else:
            put("return", delta, diff, value(arg))
    raised[id(frame)] = event == "exception"
    last[id(frame)] = frame.f_lineno
    return on


class Printed(io.TextIOBase):
    def write(self, text):
        put("output", text)
        return len(text)


def main():
    put("fact", "python", "%d.%d.%d" % sys.version_info[:3])
    if CALL:
        put("fact", "call", CALL)
    sys.path[0] = ROOT
    code = compile(open(PROGRAM).read(), PROGRAM, "exec")
    space = {"__name__": "prog" if CALL else "__main__", "__builtins__": __builtins__}
    real, sys.stdout = sys.stdout, Printed()
    status = 0
    threading.settrace(on)
    sys.settrace(on)
    try:
        exec(code, space)
        if CALL:
            result = eval(compile(CALL, "<call>", "eval"), space)
            sys.settrace(None)
            put("result", value(result))
    except BaseException:
        status = 1
    finally:
        sys.settrace(None)
        threading.settrace(None)
    sys.stdout = real
    put("end", status)
    for record in out:
        print(json.dumps(record, ensure_ascii=False))


main()
