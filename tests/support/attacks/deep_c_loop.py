# Spins in C, where Python hears no signal.
import re
re.match(r"(a+)+$", "a" * 60 + "b")
