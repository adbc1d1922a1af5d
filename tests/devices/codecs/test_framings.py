"""Framings: whole frames come out, whatever pieces go in, and garbage costs no more than the frames that it touches."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.codecs.framing import FIRST_QUIET_S, LineFramer
from devices.codecs.framings.blocks import Blocks
from devices.codecs.framings.cobs import Cobs
from devices.codecs.framings.counted import LengthPrefixed
from devices.codecs.framings.delimited import Delimited
from devices.codecs.framings.escaped import EscapedFiles
from devices.codecs.framings.fixed import Fixed
from devices.codecs.framings.framing import Framing
from devices.codecs.framings.idle import Idle
from devices.codecs.framings.marked import Marked
from devices.codecs.framings.slip import Slip
from devices.codecs.framings.telegram import Telegrams
from tests.patterns import AT_ONCE_S, grows, least_s

LIMIT = 12
GAP_S = 1.0

MAKES: dict[str, Callable[[], Framing]] = {
    "lines": lambda: LineFramer(max_bytes=LIMIT, max_gap_s=GAP_S),
    "cr": lambda: Delimited(b"\r", drops=b"\n", max_bytes=LIMIT, max_gap_s=GAP_S),
    "crlf": lambda: Delimited(b"\r\n", max_bytes=LIMIT, max_gap_s=GAP_S),
    "aa": lambda: Delimited(b"aa", max_bytes=LIMIT, max_gap_s=GAP_S),
    "marked": lambda: Marked(max_bytes=LIMIT, max_gap_s=GAP_S),
    "words": lambda: Marked(b"<<", b">>", max_bytes=LIMIT, max_gap_s=GAP_S),
    "fixed": lambda: Fixed(max_bytes=4, max_gap_s=GAP_S),
    "fixed_begun": lambda: Fixed(max_bytes=6, begins=b"ab", max_gap_s=GAP_S),
    "idle": lambda: Idle(max_bytes=LIMIT, max_gap_s=GAP_S),
    "counted": lambda: LengthPrefixed(size_bytes=1, max_bytes=LIMIT, max_gap_s=GAP_S),
    "counted_begun": lambda: LengthPrefixed(size_bytes=1, begins=b"ab", adds=1, max_bytes=LIMIT, max_gap_s=GAP_S),
    "slip": lambda: Slip(max_bytes=LIMIT, max_gap_s=GAP_S),
    "cobs": lambda: Cobs(max_bytes=LIMIT, max_gap_s=GAP_S),
    "telegrams": lambda: Telegrams(max_bytes=2 * LIMIT, max_gap_s=GAP_S),
    "escaped": lambda: EscapedFiles(max_bytes=3 * LIMIT, max_gap_s=GAP_S),
    "blocks": lambda: Blocks(b"\r\n", max_bytes=LIMIT, max_gap_s=GAP_S),
}
NAMES = pytest.mark.parametrize("name", sorted(MAKES))
ALPHABET = st.sampled_from(
    [
        *(b"a", b"b", b"\r", b"\n", b"\x02", b"\x03", b"<", b">", b"\0", b"\x01", b"\x05", b"\xc0", b"\xdb", b"\xdc", b"x"),
        *(b"/", b"\n!", b"\n/", b"\x1b" * 4, b"\x1b", b"\x01" * 4, b"\x1a"),
    ]
)
STREAM = st.lists(ALPHABET, max_size=60).map(b"".join)


def framed(framing: Framing, chunks: Sequence[bytes], *, now_s: float = 0.0) -> list[bytes]:
    return [frame for chunk in chunks for frame in framing.feed(chunk, now_s)]


def after(framing: Framing, chunks: Sequence[bytes]) -> tuple[list[bytes], tuple[int, int, int]]:
    """The frames of chunks and of the silence after them, and what was counted."""
    frames = [*framed(framing, chunks), *framing.expire(2 * GAP_S)]
    return frames, (framing.overflows, framing.gaps, framing.bad_frames)


def cobs(frame: bytes) -> bytes:
    """Encode a frame, as the paper says."""
    out, block = bytearray(), bytearray()
    for byte in frame:
        if byte:
            block.append(byte)
        if not byte or len(block) == 254:
            out += bytes([len(block) + 1]) + block
            block.clear()
    return bytes(out + bytes([len(block) + 1]) + block) + b"\0"


def slip(frame: bytes) -> bytes:
    return b"\xc0" + frame.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0"


@NAMES
@settings(max_examples=50, deadline=None)
@given(stream=STREAM, opening=st.booleans(), draw=st.data())
def test_pieces_do_not_matter(name: str, stream: bytes, opening: bool, draw: st.DataObject):
    """However a stream is cut into chunks, the same frames come out, and the same is counted."""
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    found = []
    for pieces in ([stream], chunks, [stream[at : at + 1] for at in range(len(stream))]):
        framing = MAKES[name]()
        if opening:
            framing.skip_first(0.0)
        found.append(after(framing, pieces))
    assert found[0] == found[1] == found[2]


@NAMES
@settings(max_examples=50, deadline=None)
@given(
    steps=st.lists(
        st.tuples(STREAM, st.sampled_from([0.1, 0.9, 1.1, 5.0]), st.sampled_from(["", "skip", "skip_first", "clear"])), max_size=20
    )
)
def test_garbage_is_bounded(name: str, steps: list[tuple[bytes, float, str]]):
    """Whatever comes, and whatever is done in between, nothing is raised, no frame is empty or too long, and no more than one waits."""
    framing, now_s = MAKES[name](), 0.0
    for chunk, pause_s, act in steps:
        now_s += pause_s
        for frame in [*framing.feed(chunk, now_s), *framing.expire(now_s + 0.1)]:
            assert 0 < len(frame) <= framing.max_bytes
        waiting = framing._partial if isinstance(framing, LineFramer) else framing._buffer  # type: ignore[attr-defined]
        assert len(waiting) <= 2 * framing.max_bytes + 2
        if act:
            getattr(framing, act)(*([now_s] if act == "skip_first" else []))


@NAMES
@pytest.mark.parametrize(
    "pump",
    [
        b"a",
        b"ab",
        b"\x02",
        b"\x02\x03",
        b"\r",
        b"<",
        b"\xc0\xdb",
        b"\xdb",
        b"\0",
        b"\xff",
        b"ab\xff",
        b"/",
        b"\n!",
        b"\x1b",
        b"\x1b\x1b\x1b\x1b\x01",
    ],
)
def test_garbage_costs_linear_time(name: str, pump: bytes):
    """Four times the bytes, four times the time: in one chunk."""

    def feed(size: int) -> None:
        MAKES[name]().feed(pump * size, 0.0)

    assert least_s(lambda: feed(16_000), rounds=3) < AT_ONCE_S or not grows(feed, 16_000)


@pytest.mark.parametrize(
    ("name", "encode"),
    [
        ("lines", lambda frame: frame.replace(b"\n", b"-").replace(b"\r", b"-") + b"\n"),
        ("cr", lambda frame: frame.replace(b"\n", b"-").replace(b"\r", b"-") + b"\r"),
        ("cr", lambda frame: frame.replace(b"\n", b"-").replace(b"\r", b"-") + b"\r\n"),
        ("crlf", lambda frame: frame.replace(b"\r", b"-") + b"\r\n"),
        ("marked", lambda frame: b"\r\n\x02" + frame.replace(b"\x02", b"-").replace(b"\x03", b"-") + b"\x03"),
        ("counted", lambda frame: bytes([len(frame)]) + frame),
        ("counted_begun", lambda frame: b"ab" + bytes([len(frame) - 1]) + frame),
        ("slip", slip),
        ("cobs", cobs),
    ],
)
@given(frames=st.lists(st.binary(min_size=1, max_size=LIMIT), max_size=20))
def test_frames_come_back(name: str, encode: Callable[[bytes], bytes], frames: list[bytes]):
    """What a device frames is what is read, up to the longest frame."""
    pieces = [encode(frame) for frame in frames]
    found = after(MAKES[name](), pieces)
    clean = {"lines": b"\r\n", "cr": b"\r\n", "crlf": b"\r", "marked": b"\x02\x03"}.get(name, b"")
    expected = [bytes(45 if byte in clean else byte for byte in frame) for frame in frames]
    assert found == (expected, (0, 0, 0))


@given(st.binary(min_size=1, max_size=600))
def test_cobs_of_long_frames(frame: bytes):
    """A block that is full says nothing of a zero."""
    assert framed(Cobs(), [cobs(frame), cobs(b"\x07" * 254), cobs(b"\x07" * 254 + b"\0")]) == [frame, b"\x07" * 254, b"\x07" * 254 + b"\0"]


def test_cr_alone():
    """A device that ends its lines with CR alone is read line by line; one that sends LF as well is read the same."""
    framing = MAKES["cr"]()
    assert framed(framing, [b"one\rtw", b"o\r\nthree\r", b"\n", b"\r\n"]) == [b"one", b"two", b"three"]
    framing.expire(2 * GAP_S)
    assert framing.gaps == 0


def test_a_frame_that_is_too_long_costs_itself():
    """It is counted once, and the next one is read."""
    for name, long, next_one in [
        ("cr", b"x" * 50 + b"\r", b"good\r"),
        ("crlf", b"x" * 50 + b"\r\n", b"good\r\n"),
        ("marked", b"\x02" + b"x" * 50 + b"\x03", b"\x02good\x03"),
        ("slip", b"x" * 50 + b"\xc0", b"good\xc0"),
        ("cobs", cobs(b"x" * 50), cobs(b"good")),
    ]:
        for chunks in ([long + next_one], [long[:20], long[20:], next_one]):
            assert after(MAKES[name](), chunks) == ([b"good"], (1, 0, 0)), name


def test_a_frame_that_is_broken_off():
    """A second begin counts the first as bad; a silence counts it as a gap; nothing of it is in the next frame."""
    marked = MAKES["marked"]()
    assert framed(marked, [b"\x02bro\x02good\x03 noise \x02fine\x03"]) == [b"good", b"fine"]
    assert (marked.bad_frames, marked.gaps) == (1, 0)
    for name, broken, whole in [
        ("cr", b"bro", b"good\r"),
        ("marked", b"\x02bro", b"\x02good\x03"),
        ("fixed", b"ab", b"good"),
        ("fixed_begun", b"abcd", b"abgood"),
        ("counted", b"\x05abc", b"\x04good"),
        ("counted_begun", b"ab\x05abc", b"ab\x03good"),
        ("slip", b"bro", b"good\xc0"),
    ]:
        framing = MAKES[name]()
        assert framed(framing, [broken]) == []
        assert framing.due_s == GAP_S, name
        found = framed(framing, [whole], now_s=GAP_S + 0.1)
        assert [frame.removeprefix(b"ab") for frame in found] == [b"good"], name
        assert (framing.gaps, framing.due_s) == (1, None), name


def test_a_lost_begin_is_found_again():
    """Frames that begin with marks are found behind garbage; those without, after a silence."""
    fixed = MAKES["fixed_begun"]()
    assert framed(fixed, [b"abgood", b"?a?ab", b"fine"]) == [b"abgood", b"abfine"]
    assert fixed.bad_frames == 1
    counted = MAKES["counted_begun"]()
    assert framed(counted, [b"?", b"ab\xffab\x03good"]) == [b"good"]
    assert counted.bad_frames == 1
    plain = MAKES["counted"]()
    assert framed(plain, [b"\x04good\xffgarbage", b"\x01x"]) == [b"good"]
    assert framed(plain, [b"\x04fine"], now_s=GAP_S + 0.1) == [b"fine"]
    assert plain.bad_frames == 1


def test_bad_escapes_and_blocks():
    """An escape of nothing, and a block that says more than there is, are bad frames."""
    framing = MAKES["slip"]()
    assert framed(framing, [b"a\xdbb\xc0\xdb\xc0good\xc0"]) == [b"good"]
    assert framing.bad_frames == 2
    framing = MAKES["cobs"]()
    assert framed(framing, [b"\x09ab\0\x05good\0"]) == [b"good"]
    assert framing.bad_frames == 1


def test_a_silence_ends_a_frame():
    """A message without any end is whole after the gap, by the clock alone or by what comes next."""
    framing = MAKES["idle"]()
    assert framed(framing, [b"21", b".5"]) == []
    assert framing.due_s == GAP_S
    assert framing.expire(GAP_S) == []
    assert framing.expire(GAP_S + 0.1) == [b"21.5"]
    assert framing.due_s is None
    assert framed(framing, [b"22"], now_s=10.0) == []
    assert framed(framing, [b"23"], now_s=20.0) == [b"22"]
    assert framed(framing, [b"x" * 20], now_s=20.1) == []
    assert framed(framing, [b"rest"], now_s=20.2) == []
    assert framing.overflows == 1
    assert framed(framing, [b"24"], now_s=30.0) == []
    assert framing.expire(40.0) == [b"24"]


@pytest.mark.parametrize(
    ("name", "rest", "whole", "frame"),
    [
        ("lines", b".45 kg\n", b"1.5 kg\n", b"1.5 kg"),
        ("cr", b".45 kg\r", b"1.5 kg\r", b"1.5 kg"),
        ("marked", b".45 kg\x03", b"\x021.5 kg\x03", b"1.5 kg"),
        ("slip", b".45 kg\xc0", b"1.5 kg\xc0", b"1.5 kg"),
    ],
)
def test_the_rest_of_a_frame_at_the_opening(name: str, rest: bytes, whole: bytes, frame: bytes):
    """What comes before the first sure begin is the rest of a frame; nothing of it is counted, however it is cut."""
    for chunks in ([rest + whole], [rest, whole], [rest[:2], rest[2:], whole[:1], whole[1:]]):
        framing = MAKES[name]()
        framing.skip_first(0.0)
        assert after(framing, chunks) == ([frame], (0, 0, 0))


@pytest.mark.parametrize(("name", "whole"), [("lines", b"good\n"), ("cr", b"good\r"), ("cobs", cobs(b"good"))])
def test_a_long_silence_at_the_opening_is_a_begin(name: str, whole: bytes):
    """Who has been silent for so long was in no frame: the answer to the first question is read. A shorter pause is a device's own."""
    framing = MAKES[name]()
    framing.skip_first(100.0)
    assert framed(framing, [whole], now_s=100.0 + FIRST_QUIET_S + 0.1) == [b"good"]
    framing = MAKES[name]()
    framing.skip_first(100.0)
    assert framed(framing, [b"xy"], now_s=105.0) == []
    assert framed(framing, [whole, whole], now_s=114.0) == [b"good"]
    assert (framing.overflows, framing.gaps, framing.bad_frames) == (0, 0, 0)


@pytest.mark.parametrize(("name", "whole"), [("fixed", b"good"), ("counted", b"\x04good")])
def test_a_gap_at_the_opening_is_a_begin_where_nothing_else_is(name: str, whole: bytes):
    """Frames without any mark are found by the gaps between them."""
    framing = MAKES[name]()
    framing.skip_first(100.0)
    assert framed(framing, [b"xy"], now_s=100.9) == []
    assert framed(framing, [whole], now_s=102.0) == [b"good"]
    assert (framing.overflows, framing.gaps, framing.bad_frames) == (0, 0, 0)


@pytest.mark.parametrize("end", [b"!", b"!1A2B", b"!1A2B\r"])
def test_a_telegram_without_the_end_of_its_last_line(end: bytes):
    """A silence ends it: nothing is to come but the next telegram."""
    found, counted = after(MAKES["telegrams"](), [b"/a\r\nb\r\n", end])
    assert (found, counted) == ([b"/a\r\nb\r\n" + end.rstrip(b"\r")], (0, 0, 0))
    assert after(MAKES["telegrams"](), [b"/a\r\nb\r\n"]) == ([], (0, 1, 0))
