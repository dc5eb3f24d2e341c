import weakref


class Thing:
    pass


thing = Thing()
ref = weakref.ref(thing)
alive = ref() is thing
del thing
print(alive, ref() is None)
