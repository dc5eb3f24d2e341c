import sys

print("out")
sys.exit("a message instead of a number")
