"""`gateway replay`: what came over a wire once, taken in again by a configuration, without its devices."""

from gateway.cli.replay.command import replay

__all__ = ["replay"]
