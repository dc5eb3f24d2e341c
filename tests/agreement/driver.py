"""Writes, as JSON, the pages that the formats' reference implementation writes of programs.

usage: driver.py REFERENCE.py MODULE < PROGRAMS > PAGES

PROGRAMS is a JSON list of {"source", "call"}; PAGES has for each {"canonical", "compat", "again",
"comprehends"}: texts by representation, whether the called function was entered again, and whether the
source has a comprehension. The reference records each program with its own tracer and writes each page
with its own writer. Where the formats' text decides otherwise than the reference does, the reference is
changed below, each time with the section that says so; no page is left out for it.
"""
import ast, contextlib, io, json, math, opcode, sys

REFERENCE, MODULE = sys.argv[1:3]

FOLDED = {"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>", "<lambda>"}
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp)
GIVES = {opcode.opmap[n] for n in ("RETURN_VALUE", "RETURN_CONST", "YIELD_VALUE") if n in opcode.opmap}


def gives(frame):
    """Whether a frame that is left gives a value: it is not left by an exception (6.2)."""
    return frame.f_code.co_code[frame.f_lasti] in GIVES


def jsonable(value):
    """2.2: tuples, objects of other types and what is not finite are no JSON; what calls this takes their `repr`."""
    if type(value) not in (list, dict, str, int, float, bool, type(None)):
        raise TypeError
    if isinstance(value, float) and not math.isfinite(value):
        raise TypeError
    for it in value if isinstance(value, list) else value.values() if isinstance(value, dict) else ():
        jsonable(it)
    return json.loads(json.dumps(value))


def shown(value):
    """An object without a `repr` of its own is told by its fields, which is the recorder's choice."""
    kind = type(value)
    if kind.__module__ != MODULE or kind.__repr__ is not object.__repr__:
        return repr(value)
    fields = ", ".join(f"{n}={shown(it)}" for n, it in vars(value).items())
    return f"{kind.__qualname__}({fields})" if fields else f"<{kind.__qualname__} object>"


def reference():
    text = open(REFERENCE).read()

    def change(old, new):
        nonlocal text
        assert text.count(old) == 1, f"the reference has {text.count(old)} times: {old}"
        text = text.replace(old, new)

    # An exception that leaves a frame is no value of None (6.2, 1.3).
    change('ev[-1]["ret"] = clean(repr(a))', 'ev[-1]["ret"] = clean(repr(a)) if gives(fr) else None')
    # A generator that goes on is the frame that it was (decided 5).
    change("fid[0] += 1\n            ids[fr] =", "fid[0] += fr not in ids\n            ids[fr] = ids.get(fr) or")
    # Tuples and NaN are strings of their `repr` (2.2).
    change("return json.loads(json.dumps(v))", "return jsonable(v)")
    # The file is imported, by its own name; it is not the main module.
    change('ns = {"__name__": "__main__"}', f'ns = {{"__name__": "{MODULE}"}}')
    # The code at the end is for the command line.
    change("\n\nmain()\n", "\n")
    space = {"__name__": "reference", "gives": gives, "jsonable": jsonable, "repr": shown}
    exec(compile(text, REFERENCE, "exec"), space)
    return space


def recorded(m, source, call):
    """The events, without those of frames that belong to a statement (decided 5, 2.2)."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        events = m["record"](source, call)
    for it in events:
        # In the body of a class as in a module, where the reference leaves them out.
        for name in [n for n in it["v"] if n.startswith("__") and n.endswith("__")]:
            del it["v"][name], it["j"][name]
        if "exc" in it:
            # What says nothing has no colon, and a text is on one line (1.3).
            name, _, message = it["exc"].partition(": ")
            it["exc"] = m["clean"](f"{name}: {message}" if message else name)
    return [it for it in events if it["func"] not in FOLDED], printed.getvalue()


def starts(events):
    """Where the event of each step is: the order of `steps_of`."""
    line = lambda it: it["e"] == "line" or it["e"] == "call" and it["func"] != "<module>"
    return [at for at, it in enumerate(events) if line(it)]


def resume(events, steps):
    """The arguments of a frame that goes on are what changed while it was suspended (decided 5)."""
    held, step = {}, dict(zip(starts(events), steps))
    for at, it in enumerate(events):
        if it["e"] == "call" and it["frame"] in held:
            known = held[it["frame"]]
            step[at].changed = {n: r for n, r in it["v"].items() if known.get(n) != r}
        held[it["frame"]] = it["v"]


def to_the_end(events, steps):
    """What a line does after its exception is its own, so that the text replays to what was held (6.2, 6.4)."""
    step = dict(zip(starts(events), steps))
    open_ = {}
    for at, it in enumerate(events):
        was = open_.get(it["frame"])
        if was and it["e"] != "exception":
            line, before = was
            line.changed = {n: r for n, r in it["v"].items() if before.get(n) != r}
            line.new = line.changed.keys() - before.keys()
            line.gone = [n for n in before if n not in it["v"]]
            del open_[it["frame"]]
        if it["e"] == "line" and step[at].exc:
            open_[it["frame"]] = (step[at], it["v"])


def leaving(events, steps):
    """The steps at which an exception leaves a frame, and its text (6.2)."""
    last, raised, res = {}, {}, {}
    step = dict(zip(starts(events), steps))
    for at, it in enumerate(events):
        frame = it["frame"]
        if at in step:
            last[frame] = step[at]
        if it["e"] == "exception":
            raised[frame] = it["exc"]
        if it["e"] == "return" and it["ret"] is None and frame in last:
            arrives = events[at + 1].get("exc") if at + 1 < len(events) else None
            res[id(last[frame])] = arrives or raised[frame]
    return res


def statements(source):
    """For each line of a statement (of a compound one, its head) that has several, the first and last."""
    spans = {}
    for it in ast.walk(ast.parse(source)):
        if isinstance(it, ast.stmt):
            body = getattr(it, "body", None)
            last = max(it.lineno, body[0].lineno - 1) if isinstance(body, list) else it.end_lineno
            for line in range(it.lineno, last + 1):
                if it.lineno < last:
                    spans[line] = (it.lineno, last)
    return spans


def scratchpad(m, source, call, events, steps):
    """2.2: a statement of several lines is one entry, and exceptions are told below their line."""
    spans, at = statements(source), starts(events) + [len(events)]
    lines, entries, before = (source + "\n" + call).split("\n"), [], None
    for i, it in enumerate(steps):
        if it.scope == "call":
            before = None
            continue
        told = [it.exc] if it.exc and it.done < at[i + 1] else []
        span = spans.get(it.line)
        same = before and span and before[:2] == (it.frame, span) and not entries[-1][2]
        if before and same and not (it.line == before[2] == span[0]):
            entries[-1][1:] = [it.next_locals, told]
        else:
            entries.append([lines[(span[0] if span else it.line) - 1], it.next_locals, told])
        before = (it.frame, span, it.line) if it.ret is None else None
    text = "[BEGIN]\n\nstate: {}\n"
    for line, state, told in entries:
        text += "".join(f"{it}\n" for it in [f"line: {line}", *[f"exception: {it}" for it in told]])
        text += f"state: {json.dumps(state)}\n"
    return text + "\n[DONE]\n"


def codeexecutor(m, steps, entry, printed, base=1):
    """5.3: exceptions behind the state, and what was printed."""
    lines = m["codeexecutor"](steps, entry, False, base).t.split("\n")
    of = [it for it in steps if it.scope == "line"]
    tail = lambda it: f" <exception> {it.exc}\n" if it.exc else "\n"
    text = "".join(line + tail(it) for line, it in zip(lines, of))
    if printed:
        text += f"<output> {printed}" + ("" if printed.endswith("\n") else "\n")
    return text


def concise(m, steps, entry, left):
    """6.2: what leaves a frame closes it."""
    text = ""
    for it in steps:
        if id(it) in left:
            it.ret = f"raise {left[id(it)]}"
    text = m["concise"](steps, entry, False).t
    for it in steps:
        if id(it) in left:
            it.ret = None
    return text


def pages(m, source, call):
    source = source.rstrip("\n")
    events, printed = recorded(m, source, call)
    steps = m["steps_of"](events)
    resume(events, steps)
    to_the_end(events, steps)
    # What ran while the module was defined belongs to its statements: the entry is the call's (1.2).
    last = source.count("\n") + 2
    begin = next(i for i, it in enumerate(steps) if it.scope == "module" and it.line == last)
    own = [it for it in steps[begin:] if it.scope != "module"]
    entry, lines = own[0].frame, source.split("\n")
    compat = {
        "next": m["next_inline"](lines, own, entry, True).t,
        "semcoder": m["our01"](own, entry).t,
        "codeexecutor": m["codeexecutor"](own, entry, True).t,
        "concise": m["concise"](own, entry, True).t,
    }
    # Canonical values are whole (decided 4).
    short, m["shorten"] = m["shorten"], lambda s, n=40: s
    canonical = {
        "scratchpad": scratchpad(m, source, call, events, steps),
        "next": m["next_inline"](lines, own, entry, False).t,
        "codeexecutor": codeexecutor(m, own, entry, printed),
        "codeexecutor zero-based": codeexecutor(m, own, entry, printed, 0),
        "concise": concise(m, own, entry, leaving(events, steps)),
    }
    m["shorten"] = short
    again = any(it.scope == "call" and it.func == own[0].func and it.frame != entry for it in own)
    comprehends = any(isinstance(it, COMPREHENSIONS) for it in ast.walk(ast.parse(source)))
    return {"canonical": canonical, "compat": compat, "again": again, "comprehends": comprehends}


def main():
    m = reference()
    programs = json.load(sys.stdin)
    json.dump([pages(m, it["source"], it["call"]) for it in programs], sys.stdout)


main()
