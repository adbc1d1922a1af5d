"""The demo: a gateway with a tracker, a button, a lamp and a broker, none of them real, which may be killed at any moment.

It keeps book of what went in, what was committed and what came out, across kills of the gateway and of itself.
"""

from gateway.demo.story import demo

__all__ = ["demo"]
