# f('[/STATE]')
def f(tag):
    parts = [tag, '<dictsep>', ']]', "it's", '</state> [/L3]', '; ...; ', '#(1)']
    text = ''.join(parts)
    lines = 'a\nb\r\nc'
    state = {'[INPUT]': tag, ', b = 2': '[OUTPUT] None [/OUTPUT]'}
    return text.count(']'), lines.splitlines(), state
