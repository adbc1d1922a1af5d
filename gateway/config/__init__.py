"""Configuration: a TOML file becomes checked settings, or a list of everything that is wrong with it."""

from typing import Any

from gateway.config.configuration import Configuration, HostBoundPart
from gateway.config.problems import ConfigProblems, Problem
from gateway.config.reading import read
from gateway.config.sections import GatewaySettings, RuntimeSettings, StoreSettings
from gateway.registry import Registry

__all__ = [
    "ConfigProblems",
    "Configuration",
    "GatewaySettings",
    "HostBoundPart",
    "Problem",
    "RuntimeSettings",
    "StoreSettings",
    "json_schema",
    "read",
]


def json_schema(*, registry: Registry | None = None) -> dict[str, Any]:
    """The JSON schema of the whole file, for editors; made of every installed kind, or those of `registry`."""
    from gateway.config.schema import json_schema as make  # noqa: PLC0415  # imports every kind and ast: not for the daemon

    return make(registry=registry)
