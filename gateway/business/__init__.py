"""Ordinary actors that come in the box: twins of devices, trips of vehicles, toggles of outputs."""
