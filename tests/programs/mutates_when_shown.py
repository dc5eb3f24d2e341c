class Shy:
    looks = 0

    def __repr__(self):
        Shy.looks += 1
        return "shy"

    @property
    def value(self):
        Shy.looks += 1
        return 1

    def __len__(self):
        Shy.looks += 1
        return 0


shy = Shy()
many = [shy, shy]
print(Shy.looks)
