# Crashes the interpreter and drops a core.
import ctypes, resource
try:
    resource.setrlimit(resource.RLIMIT_CORE, (-1, -1))
    print("ESCAPED: core files allowed", flush=True)
except (OSError, ValueError):
    pass
ctypes.string_at(0)
