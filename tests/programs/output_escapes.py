print("\x1b[31mred\x1b[0m", "\x07bell", "tab\there")
print("\x1b]0;title\x07", end="")
print("back\b\rover")
