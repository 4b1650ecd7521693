"""A watch that writes down what it is told."""

from connectors.avstar import Watch


class Seen(Watch):
    def __init__(self, keep=lambda _trail: False):
        self.keep = keep
        self.lane = None
        self.requests, self.attempts, self.settled_spots, self.left_spots = [], [], [], []
        self.repeated_spots = []

    def opened(self, lane):
        self.lane = lane

    def keeps(self, trail):
        return self.keep(trail)

    def requested(self, attempt, spots):
        self.requests.append((attempt, spots))

    def attempted(self, trail, attempt):
        self.attempts.append((trail, attempt))

    def repeated(self, trail, attempt):
        self.repeated_spots.append((trail, attempt))

    def settled(self, trail, one):
        self.settled_spots.append((trail, one))

    def left(self, trail, error):
        self.left_spots.append((trail, error))
