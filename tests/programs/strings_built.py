def caesar(text, by):
    out = ""
    for c in text:
        if c.isalpha():
            out += chr((ord(c) - 97 + by) % 26 + 97)
        else:
            out += c
    return out


print(caesar("abc xyz", 2), f"{3.14159:.2f}", "{:>4}".format(7))
