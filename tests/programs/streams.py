import io
import sys

print("to stdout")
print("to stderr", file=sys.stderr)
sys.stdout.write("no newline")
sys.stdout.flush()
sys.stdout.writelines(["a\n", "b\n"])
sys.stdout.flush()
sys.stdout.buffer.write(b"raw \xff bytes\n")
sys.stdout.buffer.flush()
kept, sys.stdout = sys.stdout, io.StringIO()
print("captured")
text = sys.stdout.getvalue()
sys.stdout = kept
print("ünïcode", text, end="")
sys.stdout.reconfigure(line_buffering=True)
print("after")
