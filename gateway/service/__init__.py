"""What stands between the daemon and its host: the service manager, the log, the lock, the store's opening, the actors' hosts."""
