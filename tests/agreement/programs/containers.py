# f((1, 2), {'k': [1]})
def f(pair, table):
    point = (0.5, None, True)
    names = {'only'}
    frozen = frozenset([1])
    table['k'].append(pair)
    table[3] = {'in': {'ner': ()}}
    empty = [], (), {}, set()
    return point, names, frozen, empty
