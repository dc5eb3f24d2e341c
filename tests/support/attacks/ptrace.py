# Looks into other processes' memory.
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
PTRACE_TRACEME, PTRACE_ATTACH, PTRACE_SEIZE = 0, 16, 0x4206
for request in (PTRACE_TRACEME, PTRACE_ATTACH, PTRACE_SEIZE):
    if libc.ptrace(request, os.getppid(), 0, 0) == 0:
        print("ESCAPED: ptrace", request)
class Vec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
buffer = ctypes.create_string_buffer(8)
here = Vec(ctypes.addressof(buffer), 8)
there = Vec(id(here), 8)
for pid in (os.getpid(), os.getppid(), 1):
    if libc.process_vm_readv(pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0) >= 0:
        print("ESCAPED: read the memory of", pid)
    try:
        open(f"/proc/{pid}/mem", "rb")
        print("ESCAPED: opened the memory of", pid)
    except OSError:
        pass
print("done")
