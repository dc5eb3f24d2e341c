def run():
    plain = "it's"
    both = "it's \"quoted\""
    accents = "naïve café"
    wide = "日本語 🐍"
    escapes = "tab\tnew\nline\\ \x00\x7f\x85\xa0\u2028"
    lone = "a\ud800b"
    data = b"bytes\x00\xff'"
    room = bytearray(b"ab")
    room.append(99)
    long = "x" * 900
    grown = ""
    for word in ("one", "two"):
        grown += word + " "
    grown = grown.strip().title()
    return len(plain + both + accents + wide + escapes + lone + long), data, room, grown


print(run())
print("naïve 🐍 " + "日本")
