"""What commands share: the client of the control socket, what people read, and what commands exit with. Nothing heavy."""
