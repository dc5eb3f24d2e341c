import threading


def work(box, n):
    for k in range(n):
        box.append(k)


box = []
t = threading.Thread(target=work, args=(box, 2))
t.start()
t.join()
print(len(box))
