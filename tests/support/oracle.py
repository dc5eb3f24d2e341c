"""An independent account of a program: pure Python, sys.settrace and f_locals, nothing shared with the
recorder. Writes one JSON object a line to the file named first, then runs the script named second.

A value that is built of built-in types alone is written as its repr; any other as null.
"""

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
        self.keep = []
        self.count = 0
        self.lanes = {}

    def write(self, frame, event, **more):
        thread = self.lanes.setdefault(threading.get_ident(), len(self.lanes) + 1)
        optimized = frame.f_code.co_flags & 1
        names = {}
        for name, value in dict(frame.f_locals).items():
            own = name.startswith("__") and name.endswith("__") and len(name) >= 4
            if name.startswith(".") or (own and not optimized):
                continue
            names[name] = shown(value)
        record = {
            "event": event,
            "thread": thread,
            "frame": self.frames[frame],
            "line": frame.f_lineno,
            "function": frame.f_code.co_name,
            "locals": names,
        }
        record.update(more)
        self.out.append(record)

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
            # Whether an exception ends the frame is told by the recorder alone.
            self.write(frame, "return", value=shown(arg))
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
        threading.settrace(None)
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    with open(out, "w", encoding="utf-8", errors="surrogatepass") as file:
        for record in records:
            file.write(json.dumps(record) + "\n")


main()
