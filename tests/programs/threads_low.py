import _thread
import time

results = []
done = _thread.allocate_lock()
done.acquire()


def low(n):
    results.append(n)
    done.release()


_thread.start_new_thread(low, (7,))
done.acquire()
time.sleep(0.05)
print(results)
