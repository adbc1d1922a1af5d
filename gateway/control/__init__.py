"""The control socket: how the command line, and any program of this host, asks the running daemon and tells it something.

JSON lines over a Unix socket: a request is {"do": ..., "n": anything}, its answer {"n": the same, "ok": true, ...} or
{"n": ..., "ok": false, "fault": a word, "error": a sentence}. Who may write to the socket may do anything.
"""
