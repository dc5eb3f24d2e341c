# Kills all it can name.
import os, signal
reached = []
for pid in [os.getppid(), 1, 2, 3] + list(range(4, 40000, 7)):
    if pid == os.getpid():
        continue
    try:
        os.kill(pid, signal.SIGKILL)
        reached.append(pid)
    except OSError:
        pass
if os.path.exists("/box"):
    reached = [pid for pid in reached if pid != 1]
if reached:
    print("ESCAPED: signalled", reached)
try:
    os.killpg(os.getppid(), signal.SIGTERM)
    print("ESCAPED: signalled the parent's group")
except OSError:
    pass
print("done", flush=True)
os.kill(-1, signal.SIGKILL)
