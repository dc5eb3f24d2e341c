# f({'users': [{'name': 'a', 'tags': ['x']}]})
def f(data):
    users = data['users']
    users[0]['tags'].append('y')
    data['count'] = len(users)
    copy = {**data, 'users': [dict(u) for u in users]}
    copy['users'][0]['name'] = 'b'
    matrix = [[0] * 2 for _ in range(2)]
    matrix[1][0] = 1
    return data, copy, matrix
