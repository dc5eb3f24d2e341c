class Node:
    def __init__(self):
        self.next = self


a = []
a.append(a)
d = {}
d["d"] = d
node = Node()
t = ([],)
t[0].append(t)
print(len(a), len(d), node.next is node)
