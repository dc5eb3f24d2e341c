# Leaves daemons behind that hold the output open.
import os, time
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(4321)
        os._exit(0)
print("done", flush=True)
os._exit(0)
