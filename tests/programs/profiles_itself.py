import sys

events = []


def work(n):
    return len([n])


sys.setprofile(lambda frame, event, arg: events.append(event))
work(1)
sys.setprofile(None)
events = len(events) > 3
print(events, work(2))
