def scan(rows):
    hits = 0
    for row in rows:
        for cell in row:
            if cell == 0:
                continue
            if cell < 0:
                break
            hits += 1
        else:
            hits += 10
    n = 3
    while n:
        n -= 1
    for _ in (): pass
    for q in "ab": hits += 1
    while True:
        hits -= 5
        if hits < 5:
            return hits
