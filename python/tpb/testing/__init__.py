"""For tests of what talks to a gateway: a real one as a fixture, and one that misbehaves."""
