"""The store in a PostgreSQL database: the same contract as the file's, for actors that outgrow one Pi. See `postgres.py`."""
