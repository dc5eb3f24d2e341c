"""An independent account of a program: pure Python, sys.settrace and f_locals, nothing shared with the
recorder. Writes one JSON object a line to the file named first, then runs the script named second.

A value that is built of built-in types alone is written as its repr; any other as null.
"""

import atexit
import dis
import inspect
import json
import sys
import threading

BUILT_IN = (type(None), bool, int, float, complex, str, bytes, bytearray, range)
CONTAINERS = (list, tuple, set, frozenset, dict)




def plain(value, depth, seen, budget):
    """Whether a value is built of built-in types alone and within what the recorder keeps."""
    budget[0] -= 1
    if budget[0] < 0:
        return False
    kind = type(value)
    if kind is int:
        return value.bit_length() < 3000
    if kind in (str, bytes, bytearray):
        return len(value) <= 1000
    if kind in BUILT_IN:
        return True
    if kind not in CONTAINERS or depth == 0 or id(value) in seen or len(value) > 100:
        return False
    seen = seen | {id(value)}
    if kind is dict:
        return all(
            plain(k, depth - 1, seen, budget) and plain(v, depth - 1, seen, budget)
            for k, v in value.items()
        )
    return all(plain(item, depth - 1, seen, budget) for item in value)


def shown(value):
    if not plain(value, 6, frozenset(), [900]):
        return None
    return repr(value)


class Oracle:
    def __init__(self, out, path):
        self.out = out
        self.path = path
        self.frames = {}
        self.namespaces = {}
        self.count = 0
        self.lanes = 0
        self.lane = threading.local()

    def write(self, frame, event, **more):
        if not hasattr(self.lane, "number"):
            self.lanes += 1
            self.lane.number = self.lanes
        optimized = frame.f_code.co_flags & 1
        # `f_locals` of a module or class body is its own dictionary, so it is asked for once. Later it
        # would show the names of a comprehension alone (3.13), and break that (3.12).
        if optimized:
            all_names = dict(frame.f_locals)
        elif frame.f_code.co_name == "<module>":
            all_names = dict(frame.f_globals)
        else:
            if frame not in self.namespaces:
                self.namespaces[frame] = frame.f_locals
            all_names = dict(self.namespaces[frame])
        names = {}
        for name, value in all_names.items():
            own = name.startswith("__") and name.endswith("__") and len(name) >= 4
            if name.startswith(".") or (own and not optimized):
                continue
            names[name] = shown(value)
        record = {
            "event": event,
            "thread": self.lane.number,
            "frame": self.frames[frame],
            "line": frame.f_lineno,
            "function": frame.f_code.co_name,
            "locals": names,
            "hidden": [] if optimized else list(frame.f_code.co_varnames),
        }
        record.update(more)
        self.out.append(record)

    def end(self, frame, arg):
        """How the frame ends; an empty text where the event does not tell."""
        if arg is not None:
            return "return"
        name = dis.opname[frame.f_code.co_code[frame.f_lasti]]
        if name in ("RETURN_VALUE", "RETURN_CONST"):
            return "return"
        suspends = frame.f_code.co_flags & (inspect.CO_GENERATOR | 0x80 | 0x200)
        return "" if suspends else "unwind"

    def trace(self, frame, event, arg):
        if frame.f_code.co_filename != self.path:
            return None
        if event == "call":
            known = frame in self.frames
            if not known:
                self.count += 1
                self.frames[frame] = self.count
            self.write(frame, "resume" if known else "call")
        elif event == "line":
            self.write(frame, "line")
        elif event == "return":
            self.write(frame, self.end(frame, arg), value=shown(arg))
        elif event == "exception":
            kind, value, _ = arg
            self.write(frame, "exception", type=kind.__name__)
        return self.trace


def main():
    out, path = sys.argv[1:3]
    sys.argv = sys.argv[2:]
    sys.path[0] = path.rsplit("/", 1)[0]
    with open(path, "rb") as file:
        code = compile(file.read(), path, "exec", dont_inherit=True)
    module = type(sys)("__main__")
    sys.modules["__main__"] = module
    names = vars(module)
    names["__file__"] = path
    records = []
    oracle = Oracle(records, path)
    threading.settrace(oracle.trace)
    sys.settrace(oracle.trace)
    try:
        exec(code, names)
    except BaseException:
        pass
    finally:
        sys.settrace(None)
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    sys.settrace(oracle.trace)
    atexit._run_exitfuncs()
    sys.settrace(None)
    with open(out, "w", encoding="utf-8", errors="surrogatepass") as file:
        for record in records:
            file.write(json.dumps(record) + "\n")


main()
