"""Which configuration is meant when nobody names one."""

import os

PLACES = ("/etc/gateway/gateway.toml", "config/gateway.toml")
"""Where the configuration is looked for when nobody says where it is."""


def default_config() -> str:
    """The first of the usual places that has a configuration; the first place where none has."""
    return next((place for place in PLACES if os.access(place, os.F_OK)), PLACES[0])
