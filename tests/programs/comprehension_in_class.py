class Table:
    size = 3
    cells = [0 for _ in range(3)]
    names = {n: n * 2 for n in ("a", "b")}

    def total(self):
        return sum(c + self.size for c in self.cells)


print(Table.cells, Table.names, Table().total())
