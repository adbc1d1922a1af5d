"""A simulated year: the real engine on a real store, with a clock that is turned, and with counters far beyond 2^31."""
