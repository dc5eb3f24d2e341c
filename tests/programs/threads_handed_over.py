import threading

turn = [threading.Event(), threading.Event()]
log = []


def play(me):
    other = 1 - me
    for n in range(2):
        turn[me].wait()
        turn[me].clear()
        log.append((me, n))
        turn[other].set()


one = threading.Thread(target=play, args=(1,))
one.start()
turn[1].set()
play(0)
one.join()
print(log)
