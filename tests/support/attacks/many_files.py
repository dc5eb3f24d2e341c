# Empty files without end: they take no bytes.
import os
number = 0
try:
    while number < 200000:
        os.close(os.open(f"f{number}", os.O_CREAT | os.O_WRONLY))
        number += 1
except OSError:
    pass
print("ESCAPED: made" if number > 100000 else "done", number)
