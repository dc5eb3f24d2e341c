import contextlib


@contextlib.contextmanager
def noted(log):
    log.append("in")
    try:
        yield len(log)
    finally:
        log.append("out")


log = []
with noted(log) as n, contextlib.suppress(KeyError):
    log.append(n)
    {}["gone"]
print(log)
