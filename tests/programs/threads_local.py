import threading

mine = threading.local()
mine.value = "main"
seen = []


def look():
    seen.append(hasattr(mine, "value"))
    mine.value = "other"


thread = threading.Thread(target=look)
thread.start()
thread.join()
print(seen, mine.value)
