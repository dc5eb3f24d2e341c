data = bytearray(b"abc")
data[1] = 0x42
data += b"!"
view = memoryview(data)
view[0] = 0x41
del view
frozen = bytes(data)
print(frozen)
