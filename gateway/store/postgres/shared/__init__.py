"""The store that several hosts share: each serves some of the groups of actors, and what they send each other goes by the database.

`schema.py` says what is kept and who writes it; `store.py` is one life of one host upon it; `post.py` reads what others sent.
"""
