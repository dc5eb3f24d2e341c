rows = [[0] * 2] * 2
rows[0][1] = 5
copies = [list(r) for r in rows]
copies[0][0] = 9
view = rows[1]
view.append(7)
print(rows, copies)
