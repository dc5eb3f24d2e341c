def run(n):
    log = []
    for i in range(n):
        try:
            if i == 1:
                continue
            if i == 2:
                break
            log.append(i)
        except KeyError:
            log.append("never")
        else:
            log.append("else")
        finally:
            log.append("finally")
    return log


def overrides():
    try:
        return "try"
    finally:
        return "finally"


print(run(4), overrides())
