"""The engine's settings, with the defaults that suit a Raspberry Pi."""

from collections.abc import Callable
from dataclasses import dataclass

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """The engine's bounds and times. Seconds, counts and bytes, as the names say."""

    idle_s: float = 300.0
    """An actor leaves memory when nothing came for so long."""
    active_actors: int = 10_000
    """How many actors are kept in memory; above it the longest idle leave."""
    mailbox_messages: int = 1_000_000
    mailbox_bytes: int = 512 * _MIB
    """How much may wait in one mailbox, on disk. Above it sources, and actors that write to it, wait."""
    ingress_messages: int = 500
    ingress_bytes: int = 16 * _MIB
    """How much may have come in and not be committed. Above it sources, and actors that write to it, wait."""
    mail_in_memory_bytes: int = 16 * _MIB
    """How much mail that waits is held in memory, over all mailboxes; the rest is on disk only."""
    states_in_memory_bytes: int = 16 * _MIB
    """How many bytes of states, as they are stored, are held in memory; above it the longest idle actors leave."""
    read_bytes_a_batch: int = 4 * _MIB
    """How many bytes of mail and states a batch may bring into memory from the store."""
    ids_kept: int = 10_000
    """How many ids of each host-bound actor are remembered, over all its scopes, to know repeats."""
    dead_letters_kept: int = 10_000
    dead_letters_bytes: int = 64 * _MIB
    batch_turns: int = 1_000
    """How many turns go into one commit at most."""
    close_s: float = 10.0
    """How long the mail may take to drain at the end."""
    trail_bytes: int = 512 * 1024
    """How much is kept, in memory, to explain what became of messages: nearly two thousand turns; 0: nothing."""
    trust_clock: bool = False
    """Whether the host's clock is right from the boot on, though neither a time server nor a clock chip says so."""
    budget_bytes_a_day: int = 0
    """How many bytes the process may write to the disk in a day before readings are thinned: see `thinning.py`; 0: any number."""
    written_bytes: Callable[[], int] = lambda: 0
    """Says how many bytes the process has written so far."""
    cautious_turns: int = 256
    """How many turns run one by one after an unclean end; twice as many after a second one in a row, and so on."""
