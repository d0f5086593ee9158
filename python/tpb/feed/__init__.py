"""Sources of ticks, and the replay of a source through the library into a gateway."""
