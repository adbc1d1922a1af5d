"""Bounds: how much the engine may hold, keep and write, as a configuration says it in megabytes."""

from gateway.config import Configuration
from gateway.runtime.settings import EngineSettings
from gateway.service.memory import written_bytes

_MIB = 1024 * 1024
_MB = 1_000_000
"""What is counted a day is told as makers of cards tell of their size."""

_OF_THE_STORE = 8
"""What is under way may be this part of `store.max_mb`: with what it causes, it is to find room in the store's reserve."""


def engine_settings(configuration: Configuration) -> EngineSettings:
    """The bounds of the engine, as a configuration says them."""
    runtime, store = configuration.runtime, configuration.store
    return EngineSettings(
        idle_s=runtime.idle_s,
        active_actors=runtime.active_actors,
        mailbox_messages=runtime.mailbox_messages,
        mailbox_bytes=runtime.mailbox_mb * _MIB,
        ingress_messages=runtime.ingress_messages,
        ingress_bytes=_under_way_bytes(configuration),
        ids_kept=store.ids_kept,
        dead_letters_kept=store.dead_letters_kept,
        dead_letters_bytes=store.dead_letters_mb * _MIB,
        budget_bytes_a_day=store.budget_mb_a_day * _MB,
        written_bytes=written_bytes,
        trail_bytes=runtime.explain_kb * 1024,
        trust_clock=runtime.trust_clock,
        close_s=runtime.close_s,
    )


def _under_way_bytes(configuration: Configuration) -> int:
    """How much may have come in and not be committed: less for a small store, but one message of a megabyte."""
    most, max_mb = configuration.runtime.ingress_mb * _MIB, configuration.store.max_mb
    return min(most, max(_MIB, max_mb * _MIB // _OF_THE_STORE)) if max_mb and not configuration.store.url else most
