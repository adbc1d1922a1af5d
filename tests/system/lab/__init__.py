"""The lab: a real systemd in a container, and a machine with a kernel of its own, pins, USB serial ports, and power that can be cut."""
