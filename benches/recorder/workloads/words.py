"""Makes and counts 20,000 words: a list and a dict of texts that grow, and one large text."""

STEMS = ["anvil", "birch", "comet", "dingo", "elm", "fjord", "gnu", "heron", "ivory", "jade"]


def make(count):
    state = 7
    words = []
    stems = list(STEMS)
    for index in range(count):
        state = (state * 1103515245 + 12345) % 2147483648
        words.append(stems[state % 10] + str(state % 97))
    return " ".join(words)


def tally(text):
    counts = {}
    longest = ""
    for word in text.split():
        word = word.strip(".,").lower()
        if len(word) > len(longest):
            longest = word
        counts[word] = counts.get(word, 0) + 1
    first = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:5]
    return first, longest


def main():
    return tally(make(20000))


if __name__ == "__main__":
    import clock

    clock.run(main)
