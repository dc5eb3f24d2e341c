# f('hi', 2)
def say(text):
    print(text, end='!\n')

def f(text, n):
    for _ in range(n):
        say(text)
    print()
    return text
