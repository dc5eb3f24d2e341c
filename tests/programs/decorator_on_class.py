def register(cls):
    cls.registered = True
    return cls


@register
@register
class Thing:
    def go(self):
        return self.registered


print(Thing().go())
