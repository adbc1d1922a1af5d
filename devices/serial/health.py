"""The health of an open port: what is wrong with it, and what is counted and said of that.

A port has one fault at a time. It is said once, and taken back when what it was about goes well again; what is counted beside it is
logged sparingly.
"""

import logging
import math

from devices.codecs.choice import choice_of
from devices.codecs.framing import CODEC_FAULT, BadFrame
from devices.codecs.framings.framing import Framing
from devices.serial.doubt import Doubt
from devices.serial.echo import Echo
from devices.serial.faults import COUNTERS
from devices.serial.holders import name_holders
from devices.serial.readings import Reader
from devices.serial.settings import SerialSettings
from devices.serial.untold import Untold
from devices.sparing import Complaints
from gateway.actors import Health, Host

ROBBED_S = 0.2
"""Pause after somebody else took our bytes, so that two readers do not chase each other."""
UNROBBED_S = 5.0
"""Bytes that come this long after the last theft say that the thief has gone."""

_log = logging.getLogger(__name__)


class PortHealth:
    """Knows what is wrong with one port while it is open, and says it. On the port's thread."""

    host: Host
    """Who is told; the port sets it when it begins."""

    def __init__(self, settings: SerialSettings) -> None:
        self.path = settings.port
        """Where the port is, as far as that is known."""
        self.fault = ""
        """`stuck`, `robbed`, `echo`, `unusable`; empty: nothing."""
        self.doubt = Doubt()
        self.untold = Untold()
        self.robbed_s = -math.inf
        """When bytes were last found to be taken by somebody else."""
        self._settings = settings
        self._complaints = Complaints(_log, COUNTERS)

    def be_open(self) -> None:
        """Say that the port has been opened, and forget what was before."""
        self.doubt.clear()
        self.untold.clear()
        self.be_well()

    def be_well(self) -> None:
        """Say that nothing is wrong."""
        self.fault = ""
        place = self._settings.network
        rate = "" if place is not None and place.scheme == "socket" else f" at {self._settings.baud} baud"
        self.host.report(Health.OK, f"{self.path} is open{rate}{self.untold.words}")

    def be_faulty(self, fault: str, detail: str) -> None:
        """Say what is wrong, unless that was the last thing said."""
        if self.fault != fault:
            self.fault = fault
            self.host.report(Health.FAULTY, detail)

    def no_longer(self, fault: str) -> None:
        """Take a fault back, if it is this one."""
        if self.fault == fault:
            self.be_well()

    def complain(self, fault: str, detail: str) -> None:
        """Count a fault, and log it sparingly."""
        self._complaints.say(self.host, self.path, fault, detail)

    def heard(self, now_s: float) -> None:
        """Note that bytes came: who took some may have gone."""
        if self.fault == "robbed" and now_s - self.robbed_s > UNROBBED_S:
            self.be_well()

    def be_robbed(self, now_s: float) -> None:
        """Note that bytes were there and are gone: another process reads the port."""
        self.robbed_s = now_s
        self.host.count("robbed")
        if self.fault != "robbed":  # who holds it is not looked up each time
            self.be_faulty("robbed", f"a second process reads {self.path} and takes our bytes: {name_holders(self.path)}; stop it")

    def drop(self, error: BadFrame, frame: bytes) -> None:
        """Count a bad line, and change nothing else."""
        self.doubt.refuse(frame, str(error))
        self.host.count("bad_lines")
        if error.fault == CODEC_FAULT:
            self.host.count("codec_faults")
        self.complain(error.fault, f"{error}; the line was {frame[:60]!r}")

    def name_echo(self, frame: bytes) -> None:
        """Say that a line which came is one that we have written."""
        self.complain("echoed", f"{frame[:60]!r} came back")
        self.be_faulty("echo", f"{self.path} reads back our own bytes: set rs485_echo = true, or switch the adapter's echo off")

    def understood(self, reader: Reader, now_s: float, *, told: bool) -> None:
        """Take note of lines that could be read, and whether they told anything."""
        self.doubt_no_more()
        if self.untold.note(now_s, told=told, why=reader.why_nothing) and not self.fault:
            self.be_well()

    def doubt_no_more(self) -> None:
        """Take note of a usable line."""
        if self.doubt:
            self.doubt.clear()
            self.no_longer("unusable")

    def doubt_it(self, chunk: bytes, now_s: float) -> None:
        """Take note of bytes that were no usable line; when there have been enough of them, say so with the likely cause."""
        self.doubt.add(chunk, now_s)
        if self.fault:
            return
        settings = self._settings
        cause = self.doubt.cause(now_s, codec=settings.codec_name, framing=choice_of(settings.framed).name, baud=settings.baud)
        if cause:
            self.be_faulty("unusable", f"bytes come from {self.path}, and never a line that can be used: {cause}")

    def count(self, framer: Framing, echo: Echo, reader: Reader) -> None:
        """Add to the actor's counters what the framer, the echo and the reader have counted since the last time."""
        now = {
            "overflows": framer.overflows,
            "gaps": framer.gaps,
            "bad_frames": framer.bad_frames,
            "echo_missing": echo.missing,
            "replaced": reader.replaced,
        }
        self._complaints.count(self.host, self.path, now)
        for remark in reader.take_remarks():
            if remark.words:
                self.complain(remark.counter, remark.words)
            else:
                self.host.count(remark.counter)
