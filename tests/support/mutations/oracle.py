"""What every variable of a program is at every event, all of it looked at every time: no change is missed.

    oracle.py OUT SCRIPT

Writes a line of text an event: what it is, its line, and the locals as `name=value`. A value is written
as far as the recorder keeps it, and objects are numbered in the order they are met within the event, so
that what is one object shows.
"""

import array
import collections
import enum
import sys
import types

ITEMS, DEPTH, TEXT, NODES = 100, 6, 1000, 1000


class Seen:
    """How one value is written."""

    def __init__(self, numbers):
        self.numbers = numbers
        self.path = []
        self.nodes = NODES

    def number(self, value):
        return self.numbers.setdefault(id(value), len(self.numbers))

    def show(self, value, depth=DEPTH):
        self.nodes = max(0, self.nodes - 1)
        kind = type(value)
        if value is None or kind in (bool, int):
            return repr(value)
        if kind is float:
            return repr(value)
        if kind is str:
            return text(value)
        if kind in (bytes, bytearray):
            return f"{kind.__name__} {len(value)} {bytes(value[:TEXT])!r}"
        if kind in (list, tuple, set, frozenset):
            return self.items(kind.__name__, value, depth)
        if kind is dict:
            return self.pairs(value, depth)
        if isinstance(value, enum.Enum):
            return self.fields(value, "enum", [(value.name, value.value)], depth)
        if kind in (complex, range, array.array):
            return text(repr(value))
        if isinstance(value, type):
            module = "" if value.__module__ == "builtins" else value.__module__ + "."
            return f"class {module}{value.__qualname__}"
        if kind is types.FunctionType:
            return f"function {value.__qualname__}"
        if isinstance(value, tuple):
            return self.fields(value, "call", list(zip(kind._fields, value)), depth)
        if isinstance(value, (list, str, dict, collections.deque)):
            return self.derived(value, depth)
        if kind.__module__ == "__main__" or kind is types.SimpleNamespace:
            return self.fields(value, "call", attributes(value), depth)
        return "?"

    def items(self, name, value, depth):
        # Sets are sorted, as their order is another one in every run.
        order = sorted if name in ("set", "frozenset") else list
        return self.container(value, name, depth, lambda deeper: order(self.first(value, deeper)))

    def pairs(self, value, depth):
        def write(depth):
            res = []
            for key, item in list(value.items())[:ITEMS]:
                if self.nodes == 0:
                    break
                res.append(f"{self.show(key, depth)}: {self.show(item, depth)}")
            return res

        return self.container(value, "dict", depth, write)

    def first(self, items, depth):
        res = []
        for item in list(items)[:ITEMS]:
            if self.nodes == 0:
                break
            res.append(self.show(item, depth))
        return res

    def container(self, value, name, depth, write):
        if any(it is value for it in self.path):
            return f"cycle {self.number(value)}"
        number = self.number(value)
        kept = []
        if depth:
            self.path.append(value)
            kept = write(depth - 1)
            self.path.pop()
        return f"{name} {number} {len(value)} [{', '.join(kept)}]"

    def derived(self, value, depth):
        own = [(name, item) for name, item in attributes(value)]
        inner = {
            list: lambda depth: self.items("list", value, depth),
            str: lambda depth: text(str.__str__(value)),
            collections.deque: lambda depth: self.items("list", value, depth),
            dict: lambda depth: self.pairs(value, depth),
        }
        base = next(it for it in inner if isinstance(value, it))
        before = []
        if isinstance(value, collections.defaultdict):
            before = [("", value.default_factory)]
        after = []
        if isinstance(value, collections.deque) and value.maxlen is not None:
            after = [("maxlen", value.maxlen)]
        fields = before + [("", inner[base])] + after + own
        return self.fields(value, "call", fields, depth, inner[base])

    def fields(self, value, shape, fields, depth, inner=None):
        if any(it is value for it in self.path):
            return f"cycle {self.number(value)}"
        number = self.number(value)
        kept = []
        if depth:
            for name, item in fields[:ITEMS]:
                if self.nodes == 0:
                    break
                if inner is not None and item is inner:
                    kept.append(f"{name}={item(depth)}")
                    continue
                self.path.append(value)
                kept.append(f"{name}={self.show(item, depth - 1)}")
                self.path.pop()
        if not fields and shape == "call" and type(value) is not types.SimpleNamespace:
            shape = "bare"
        name = "namespace" if type(value) is types.SimpleNamespace else type(value).__qualname__
        return f"{shape} {name} {number} {len(fields)} ({', '.join(kept)})"


def text(value):
    kept = value[:TEXT].encode("utf-8", "surrogatepass")
    return f"str {len(value)} {kept!r}"


def attributes(value):
    """Slots, bases first, then the dictionary."""
    res = []
    for base in reversed(type(value).__mro__):
        for name, member in vars(base).items():
            if isinstance(member, types.MemberDescriptorType) and base.__module__ == "__main__":
                try:
                    res.append((name, member.__get__(value)))
                except AttributeError:
                    pass
    if hasattr(value, "__dict__") and type(value).__module__ != "collections":
        res += vars(value).items()
    return res


def locals_of(frame, known):
    if frame.f_code.co_flags & 1:
        return dict(frame.f_locals)
    if frame.f_code.co_name == "<module>":
        return dict(frame.f_globals)
    return dict(known.setdefault(frame, frame.f_locals))


def main():
    out, path = sys.argv[1:3]
    with open(path, encoding="utf-8") as file:
        code = compile(file.read(), path, "exec", dont_inherit=True)
    module = type(sys)("__main__")
    sys.modules["__main__"] = module
    module.__file__ = path
    lines, known = [], {}

    def trace(frame, event, arg):
        if frame.f_code.co_filename != path:
            return None
        numbers = {}
        shown = []
        optimized = frame.f_code.co_flags & 1
        for name, value in sorted(locals_of(frame, known).items()):
            own = name.startswith("__") and name.endswith("__")
            if not name.startswith(".") and (optimized or not own):
                shown.append(f"{name}={Seen(numbers).show(value)}")
        lines.append("\t".join([event, str(max(1, frame.f_lineno or 1)), frame.f_code.co_name, *shown]))
        return trace

    sys.settrace(trace)
    try:
        exec(code, vars(module))
    except BaseException as error:
        print(repr(error), file=sys.stderr)
    sys.settrace(None)
    with open(out, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


main()
