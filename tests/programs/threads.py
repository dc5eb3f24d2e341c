import threading

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

print(results)


def late():
    local = "after the main thread"
    print(local)


threading.Timer(0.05, late).start()
