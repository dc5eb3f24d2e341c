"""Work done by the standard library: of the program's own lines there are few."""

import difflib
import fractions
import pprint
import textwrap

TEXT = "A line of words to be wrapped, compared and printed again, number {}. "


def once():
    lines = [TEXT.format(number) * 3 for number in range(12)]
    others = [line.replace("words", "letters") for line in lines]
    difference = list(difflib.unified_diff(lines, others))
    wrapped = [textwrap.wrap(line, 40) for line in lines]
    shown = pprint.pformat({number: wrapped for number in range(6)})
    total = sum((fractions.Fraction(1, number) for number in range(1, 60)), fractions.Fraction(0))
    return len(difference), len(shown), total


def main():
    return [once() for _ in range(8)]


if __name__ == "__main__":
    import clock

    clock.run(main)
