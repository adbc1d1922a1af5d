"""The soak: the same faults as in the tests, at random and for as long as asked: `make soak ARGS='--minutes 60'`.

Random bytes to whatever reads bytes (framer, codecs, topics, MQTT packets, configuration) and to the control socket of a daemon; random
programs of actors; kills of a daemon between its devices and its broker; power cuts, and the disk as they may leave it. It says its seed
first and its figures at the end; each input that was not taken as promised is said at once, and it ends with 1 if there was one.
"""
