"""Fixes: the sentences of one epoch of a GPS receiver → one fix.

An epoch is what a receiver says about one moment: RMC has position, speed, course and date, GGA has altitude, precision
and satellites; the order differs from one receiver to the next. `fold` is pure: (track, sentence) → (track, fixes). A fix is told as soon
as the kinds that this receiver sends have come: that is learned from its epochs, so that one without a GGA is not waited for.
An epoch that never becomes complete is told when the next one begins, or by `flush` when the line has fallen silent.

Only valid positions count: one RMC that says V (or mode N) voids its epoch, and so do GGAs of which none has a fix.
"""

from typing import NamedTuple

from devices.codecs.nmea import DAY_MS, FixPart, Sentence, read_part
from gateway.actors.vocabulary import Fix

PATIENCE = 3
"""Epochs without a kind of sentence before it is no longer waited for."""
_ZDA_MS = 1000


class Epoch(NamedTuple):
    """What a receiver's sentences have said about one moment so far."""

    time_ms: int | None = None
    seen: tuple[str, ...] = ()
    """Talker and kind of each sentence."""
    rmc: FixPart | None = None
    gga: FixPart | None = None
    gll: FixPart | None = None
    vtg: FixPart | None = None
    day: int | None = None
    told: bool = False


class Track(NamedTuple):
    """What a receiver has said so far, and which sentences it usually sends."""

    epoch: Epoch = Epoch()
    needed: frozenset[str] = frozenset(("RMC", "GGA"))
    """The kinds of sentence that make an epoch complete."""
    lacking: int = 0
    """How many epochs in a row lacked one of them."""
    day: int | None = None
    """The last date that was said, in days since 1970; it goes on at midnight."""
    time_ms: int = 0
    """The time of the day that belongs to it."""
    zda: FixPart | None = None
    """The last ZDA: it may come before the position of its moment, or after it."""


def fold(track: Track, sentence: Sentence) -> tuple[Track, tuple[Fix, ...]]:
    """Take one sentence; return the track after it, and the fixes that are known now (mostly none or one). Never raises."""
    part = read_part(sentence)
    if part is None:
        return track, ()
    if part.kind == "ZDA":
        return _carried(track._replace(zda=part)), ()
    before: tuple[Fix, ...] = ()
    name = sentence.talker + part.kind
    if part.kind != "VTG" and (part.time_ms != track.epoch.time_ms or name in track.epoch.seen):
        track, before = flush(_learned(track))
        zda = track.zda if _day_by(track.zda, part.time_ms) is not None else None  # yesterday's is none of today's
        track = track._replace(epoch=Epoch(time_ms=part.time_ms), zda=zda)
    epoch = _joined(track.epoch, part, name)
    track = _carried(track._replace(epoch=epoch))
    if epoch.told or not track.needed <= _kinds(epoch):
        return track, before
    track, now = flush(track)
    return track, before + now


def flush(track: Track) -> tuple[Track, tuple[Fix, ...]]:
    """Tell the fix of the open epoch, complete or not. Never raises."""
    epoch = track.epoch
    if epoch.told or not epoch.seen:
        return track, ()
    fix = _fix(epoch)
    return (track._replace(epoch=epoch._replace(told=True)), (fix,)) if fix else (track, ())


def _joined(epoch: Epoch, part: FixPart, name: str) -> Epoch:
    """The epoch with one sentence more. A valid GGA stands against one without a fix: one talker of several may have none."""
    slot = "gga" if part.kind == "GNS" else part.kind.lower()
    known: FixPart | None = getattr(epoch, slot)
    fields: dict[str, FixPart] = {} if known is not None and (known.valid or not part.valid) and part.kind != "VTG" else {slot: part}
    return epoch._replace(seen=(*epoch.seen, name) if name not in epoch.seen else epoch.seen, **fields)  # type: ignore[arg-type]  # by slot


def _kinds(epoch: Epoch) -> frozenset[str]:
    """The kinds of sentences seen that are worth waiting for: VTG only where no RMC gives the speed, GNS only where there is no GGA."""
    kinds = {name[2:] for name in epoch.seen} & {"RMC", "GGA", "GNS", "VTG"}
    return frozenset(kinds - ({"VTG"} if "RMC" in kinds else set()) - ({"GNS"} if "GGA" in kinds else set()))


def _learned(track: Track) -> Track:
    """The kinds of sentences to wait for after this epoch: a new one at once, one less after some patience."""
    kinds = _kinds(track.epoch)
    if not track.epoch.seen or track.needed == kinds:
        return track._replace(lacking=0)
    if track.needed <= kinds or track.lacking + 1 >= PATIENCE:
        return track._replace(needed=kinds, lacking=0)
    return track._replace(lacking=track.lacking + 1)


def _carried(track: Track) -> Track:
    """Give the epoch its date: its own, else the last one known, a day later where midnight has passed."""
    epoch = track.epoch
    said = epoch.rmc.day if epoch.rmc is not None and epoch.rmc.valid and epoch.rmc.day is not None else _said_by_zda(track)
    if epoch.time_ms is None or (said is None and track.day is None):
        return track
    if said is None and track.day is not None:
        said = track.day + (epoch.time_ms < track.time_ms - DAY_MS // 2)
    return track._replace(day=said, time_ms=epoch.time_ms, epoch=epoch._replace(day=said))


def _said_by_zda(track: Track) -> int | None:
    """The date of the ZDA that belongs to the open epoch, for a receiver that sends no RMC. It counts beside a valid position only: before
    there is one, clocks are guesses."""
    epoch = track.epoch
    day = _day_by(track.zda, epoch.time_ms)
    if day is None or epoch.rmc is not None:
        return epoch.day
    placed = epoch.gga or epoch.gll
    return day if placed is not None and placed.valid else epoch.day


def _day_by(zda: FixPart | None, time_ms: int | None) -> int | None:
    """The date of a moment by a ZDA less than a second from it, for some receivers say in it when they speak, and not when they were there;
    None where it is of another moment."""
    if zda is None or zda.day is None or zda.time_ms is None or time_ms is None:
        return None
    later_ms = (time_ms - zda.time_ms + DAY_MS // 2) % DAY_MS - DAY_MS // 2
    return zda.day + (zda.time_ms + later_ms) // DAY_MS if abs(later_ms) < _ZDA_MS else None


def _fix(epoch: Epoch) -> Fix | None:
    """The fix of an epoch, None when it has no valid position."""
    rmc, gga, vtg = epoch.rmc, epoch.gga, epoch.vtg
    if (rmc and not rmc.valid) or (gga and not gga.valid):
        return None
    place = next((part for part in (rmc, gga, epoch.gll) if part and part.valid), None)
    if place is None or place.latitude_deg is None or place.longitude_deg is None:
        return None
    moved = next((part for part in (rmc, vtg) if part and part.speed_mps is not None), None)
    turned = next((part for part in (rmc, vtg) if part and part.heading_deg is not None), None)
    return Fix(
        latitude_deg=place.latitude_deg,
        longitude_deg=place.longitude_deg,
        at_ms=0 if epoch.day is None or epoch.time_ms is None else epoch.day * DAY_MS + epoch.time_ms,
        speed_mps=moved and moved.speed_mps,
        heading_deg=turned and turned.heading_deg,
        altitude_m=gga and gga.altitude_m,
        hdop=gga and gga.hdop,
        satellites=gga and gga.satellites,
    )
