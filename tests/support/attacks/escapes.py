# Prints what would rearrange a terminal.
import sys
sys.stdout.buffer.write(b"\x1b]0;owned\x07\x1b[2J\x9b2J\xc2\x9b2J\xe2\x80\xaetxt\xff\xfe\x00done")
