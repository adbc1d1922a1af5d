"""Fixes: the sentences of one epoch become one fix, as soon as that can be known."""

from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.fixes import Track, flush, fold
from devices.codecs.nmea import DAY_MS, Sentence, read_sentence, write_sentence
from gateway.actors.vocabulary import Fix

DAY = 19782  # 29 February 2024


def rmc(time: str, *, status: str = "A", date: str = "290224", talker: str = "GP", latitude: str = "4807.038") -> str:
    return f"{talker}RMC,{time},{status},{latitude},N,01131.000,E,010.0,084.4,{date},,,A"


def gga(time: str, *, quality: int = 1, talker: str = "GP", satellites: int = 8) -> str:
    return f"{talker}GGA,{time},4807.038,N,01131.000,E,{quality},{satellites:02d},0.9,545.4,M,46.9,M,,"


def gll(time: str) -> str:
    return f"GPGLL,4807.038,N,01131.000,E,{time},A,A"


VTG = "GPVTG,054.7,T,,M,020.0,N,037.0,K,A"
GSV = "GPGSV,1,1,00"


def fixes_of(*bodies: str, end: bool = True) -> list[list[Fix]]:
    """The fixes that each sentence brings, and with `end` those that the silence after them brings."""
    track, found = Track(), []
    for body in bodies:
        track, fixes = fold(track, read_sentence(write_sentence(body)))
        found.append(list(fixes))
    return [*found, list(flush(track)[1])] if end else found


def at(found: list[list[Fix]]) -> list[list[int]]:
    return [[fix.at_ms % DAY_MS // 1000 for fix in fixes] for fixes in found]


def test_rmc_and_gga_are_one_fix():
    """RMC gives position, speed, course and date, GGA altitude, precision and satellites: one fix, at the second of them."""
    expected = Fix(
        latitude_deg=48 + 7.038 / 60,
        longitude_deg=11 + 31 / 60,
        at_ms=DAY * DAY_MS + 1_500,
        speed_mps=10 * 1852 / 3600,
        heading_deg=84.4,
        altitude_m=545.4,
        hdop=0.9,
        satellites=8,
    )
    assert fixes_of(rmc("000001.50"), gga("000001.50")) == [[], [expected], []]
    assert fixes_of(gga("000001.50"), rmc("000001.50")) == [[], [expected], []]


def test_one_fix_each_epoch():
    """Other sentences of the epoch before, between and after bring no second fix."""
    found = fixes_of(gga("000001"), GSV, rmc("000001"), VTG, gll("000001"), gga("000002"), rmc("000002"))
    assert at(found) == [[], [], [1], [], [], [], [2], []]


def test_void_epochs():
    """An RMC that says V voids its epoch, whatever the GGA says; so does a GGA without a fix."""
    assert fixes_of(rmc("000001", status="V"), gga("000001")) == [[], [], []]
    assert fixes_of(rmc("000001"), gga("000001", quality=0)) == [[], [], []]


def test_two_talkers():
    """A GGA for each satellite system is one epoch, and the one with a fix counts."""
    found = fixes_of(gga("000001", satellites=8), gga("000001", talker="GL", satellites=2), rmc("000001", talker="GN"))
    assert [[fix.satellites for fix in fixes] for fixes in found] == [[], [], [8], []]
    found = fixes_of(rmc("000001", talker="GN"), gga("000001", talker="GL", quality=0), gga("000001", satellites=5))
    assert [[fix.satellites for fix in fixes] for fixes in found] == [[], [], [5], []]


def test_receiver_without_gga():
    """An epoch that lacks a kind is told when the next one begins; a kind that never comes is soon not waited for."""
    assert at(fixes_of(*(rmc(f"00000{n}") for n in range(1, 7)))) == [[], [1], [2], [3, 4], [5], [6], []]


def test_one_lost_gga():
    """One lost sentence delays one fix; the receiver is waited for as before."""
    found = fixes_of(rmc("000001"), gga("000001"), rmc("000002"), rmc("000003"), gga("000003"))
    assert at(found) == [[], [1], [], [2], [3], []]
    assert found[4][0].altitude_m == 545.4


def test_vtg_gives_the_speed_where_no_rmc_does():
    """GGA and VTG are a whole epoch too, once it is known that no RMC comes."""
    bodies = [body for n in range(1, 7) for body in (gga(f"00000{n}"), VTG)]
    found = [fix for fixes in fixes_of(*bodies) for fix in fixes]
    assert [round(fix.speed_mps or 0, 2) for fix in found] == [10.29] * 6
    assert [fix.heading_deg for fix in found] == [54.7] * 6


def test_no_date_yet():
    """Without a date the fix says 0, never a wrong day."""
    assert fixes_of(gga("000001"))[-1][0].at_ms == 0
    assert fixes_of(rmc("000001", date=""), gga("000001"))[-2][0].at_ms == 0


def test_gll_alone():
    """A receiver that only sends GLL is followed as well."""
    assert [fix for fixes in fixes_of(gll("000001")) for fix in fixes] == [Fix(latitude_deg=48 + 7.038 / 60, longitude_deg=11 + 31 / 60)]


def test_date_over_midnight():
    """The last date goes on where an RMC is lost, into the next day at midnight, which may be a leap day's."""
    found = fixes_of(rmc("235959", date="280224"), gga("235959"), gga("000000"), rmc("000001", date="290224"), gga("000001"))
    assert [[fix.at_ms for fix in fixes] for fixes in found] == [
        [],
        [(DAY - 1) * DAY_MS + 86_399_000],
        [],
        [DAY * DAY_MS],
        [DAY * DAY_MS + 1000],
        [],
    ]


def test_zda_gives_the_date():
    """A receiver without RMC takes its date from ZDA, but only beside a valid position."""
    zda = "GPZDA,000001,29,02,2024,00,00"
    assert fixes_of(gga("000001"), zda)[-1][0].at_ms == DAY * DAY_MS + 1000
    assert fixes_of(gga("000001", quality=0), zda, gga("000002"))[-1][0].at_ms == 0


def test_zda_dates_its_moment_wherever_it_stands():
    """Before the position or behind it; each fix from the first on has its date, over midnight too, and a lost ZDA is no older date."""

    def zda(time: str, day: int) -> str:
        return f"GPZDA,{time},{day},02,2024,00,00"

    dated = [DAY * DAY_MS - 1000, DAY * DAY_MS, DAY * DAY_MS + 1000]
    for position in (gga, gll):
        first = fixes_of(*(zda("235959", 28), position("235959"), zda("000000", 29), position("000000"), position("000001")))
        assert [fix.at_ms for fixes in first for fix in fixes] == dated
        last = fixes_of(*(position("235959"), zda("235959", 28), position("000000"), zda("000000", 29), position("000001")))
        assert [fix.at_ms for fixes in last for fix in fixes] == dated
    lost = fixes_of(zda("000001", 28), *map(gga, ("000001", "120000", "235959", "000000", "000001")))
    assert [fix.at_ms for fixes in lost for fix in fixes][-1] == DAY * DAY_MS + 1000


def test_sentences_between_change_nothing():
    """What makers and AIS receivers say between the sentences of an epoch neither ends it nor dates it."""
    between = ("PUBX,04,000009.00,010624,554400.00,2300,18,500,1,21", "PMTK001,314,3", "AIVDM,1,1,,A,13aG4V0P00PF,0")
    found = fixes_of(rmc("000001"), *between, gga("000001"), *between)
    assert at(found) == [[], [], [], [], [1], [], [], [], []]


def test_a_repeated_epoch_is_told_again():
    """A device that repeats its lines gets the same fix again: whoever keeps ids must see it to acknowledge it."""
    found = fixes_of(rmc("000001"), gga("000001"), rmc("000001"), gga("000001"))
    assert at(found) == [[], [1], [], [1], []]
    assert found[1] == found[3]


def test_zda_dates_a_moment_less_than_a_second_away():
    """Some receivers say in it when they speak, and not when they were there; over midnight, too."""

    def day(position: str, zda: str) -> int:
        return fixes_of(f"GPZDA,{zda},28,02,2024,00,00", gga(position))[-1][0].at_ms // DAY_MS

    assert [day(*times) for times in (("120000.00", "120000.01"), ("120000.98", "120001"), ("120000", "115959.5"))] == [DAY - 1] * 3
    assert (day("000000.20", "235959.80"), day("235959.80", "000000.20")) == (DAY, DAY - 2)
    assert fixes_of("GPZDA,120000,28,02,2024,00,00", gga("120001"))[-1][0].at_ms == 0


def gns(time: str, mode: str = "AAN", place: str = "4807.038,N,01131.000,E") -> str:
    return f"GNGNS,{time},{place},{mode},14,0.8,545.4,46.9,,,V"


def test_gns_stands_for_gga():
    """A receiver of several systems may send it in place of GGA; beside a GGA it is not waited for."""
    expected = Fix(latitude_deg=48 + 7.038 / 60, longitude_deg=11 + 31 / 60, altitude_m=545.4, hdop=0.8, satellites=14)
    assert fixes_of(gns("000001"))[-1] == [expected]
    assert fixes_of("GPGNS,000001,,,,,,6,,,,1.0,23", gns("000001"), "GLGNS,000001,,,,,,5,,,,1.0,23")[-1] == [expected]
    assert fixes_of(gns("000001", mode="NNN"))[-1] == fixes_of(gns("000001", mode=""))[-1] == fixes_of(gns("000001", place=",,,"))[-1] == []
    found = fixes_of(*(body for n in range(1, 6) for body in (rmc(f"00000{n}"), gns(f"00000{n}"))))
    assert [len(fixes) for fixes in found[-3:]] == [0, 1, 0]
    assert (found[-2][0].satellites, found[-2][0].heading_deg) == (14, 84.4)
    both = fixes_of(*(body for n in range(1, 4) for body in (rmc(f"00000{n}"), gga(f"00000{n}"), gns(f"00000{n}"))))
    assert [len(fixes) for fixes in both] == [0, 1, 0] * 3 + [0]


KINDS = st.sampled_from(["GNS", "RMC", "GGA", "GLL", "VTG", "ZDA", "GSA"])
FIELDS = st.sampled_from(
    ["", "A", "V", "N", "E", "1", "0", "000001", "000002.5", "4807.038", "01131.0", "290224", "T", "12", "2024", "99999999"]
)


@given(st.lists(st.builds(Sentence, st.sampled_from(["GP", "GN"]), KINDS, st.lists(FIELDS, max_size=14)), max_size=30))
def test_any_sentences(sentences: list[Sentence]):
    """Whatever a receiver says, the fold raises nothing and tells only whole positions."""
    track = Track()
    for sentence in sentences:
        track, fixes = fold(track, sentence)
        assert all(isinstance(fix, Fix) for fix in fixes)
    assert len(flush(track)[1]) <= 1
