import _thread
import threading
import time

results = []


def work(k):
    total = 0
    for i in range(3):
        total += i * k
    results.append(total)


for k in range(3):
    thread = threading.Thread(target=work, args=(k,))
    thread.start()
    thread.join()

done = _thread.allocate_lock()
done.acquire()


def low(n):
    results.append(n)
    done.release()


_thread.start_new_thread(low, (7,))
done.acquire()
time.sleep(0.05)
print(results)


def late():
    local = "after the main thread"
    print(local)


threading.Timer(0.05, late).start()
