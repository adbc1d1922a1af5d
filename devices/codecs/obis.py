"""OBIS: the numbers by which meters of electricity call their values → the names that the values have here.

A number is `A-B:C.D.E`: medium, channel, quantity, what of it (4 an average, 6 the most, 7 now, 8 counted up), tariff. A meter says
energies in Wh or kWh, powers in W or kW; here they are kWh and W whatever it says, so that one rule serves for two meters. Import is what
the house takes from the grid, export what it gives. The end of a name says its unit and class: `gateway/actors/points/suffixes.py`.

Source: IEC 62056-6-1; DSMR P1 Companion Standard 5.0.2, table 6-3; e-MUCS P1 1.7; BDEW, OBIS-Kennzahlen-System 2.2.
"""

_ENDS: dict[str, tuple[str, int]] = {
    "": ("", 0),
    "kWh": ("_kwh", 0),
    "Wh": ("_kwh", -3),
    "W": ("_w", 0),
    "kW": ("_w", 3),
    "VA": ("_va", 0),
    "kVA": ("_va", 3),
    "var": ("_var", 0),
    "kvar": ("_var", 3),
    "varh": ("_kvarh", -3),
    "kvarh": ("_kvarh", 0),
    "V": ("_v", 0),
    "A": ("_a", 0),
    "Hz": ("_hz", 0),
    "deg": ("_deg", 0),
    "m3": ("_m3", 0),
    "GJ": ("_gj", 0),
    "MJ": ("_gj", -3),
}
"""How the name of a value ends whose meter says this unit, and by which power of ten its number is multiplied for that."""


def _of_phases(c: int, name: str) -> dict[str, str]:
    """The rows of a quantity that each phase has: C is 20 more from one to the next."""
    return {f"{c + 20 * phase}.7.0": f"{name}_l{phase}" for phase in (1, 2, 3)}


QUANTITIES: dict[str, str] = {
    "1.7.0": "power_import",
    "2.7.0": "power_export",
    "16.7.0": "power",
    "15.7.0": "power_sum",
    "3.7.0": "reactive_power_import",
    "4.7.0": "reactive_power_export",
    "9.7.0": "apparent_power",
    "11.7.0": "current",
    "12.7.0": "voltage",
    "13.7.0": "power_factor",
    "14.7.0": "frequency",
    "1.4.0": "power_average",
    "1.6.0": "power_most",
    "31.4.0": "fuse",
    "17.0.0": "power_limit",
    "1.8.0": "energy_import",
    "2.8.0": "energy_export",
    **{f"1.8.{tariff}": f"energy_import_t{tariff}" for tariff in range(1, 5)},
    **{f"2.8.{tariff}": f"energy_export_t{tariff}" for tariff in range(1, 5)},
    "3.8.0": "reactive_energy_import",
    "4.8.0": "reactive_energy_export",
    **_of_phases(1, "power_import"),
    **_of_phases(2, "power_export"),
    **_of_phases(11, "current"),
    **_of_phases(12, "voltage"),
    **_of_phases(16, "power"),
    "81.7.1": "angle_l2",
    "81.7.2": "angle_l3",
    "81.7.4": "angle_current_l1",
    "81.7.15": "angle_current_l2",
    "81.7.26": "angle_current_l3",
    **{f"{12 + 20 * phase}.32.0": f"voltage_sags_l{phase}_count" for phase in (1, 2, 3)},
    **{f"{12 + 20 * phase}.36.0": f"voltage_swells_l{phase}_count" for phase in (1, 2, 3)},
}
"""What each quantity of electricity is called, by `C.D.E`; its unit follows."""


def named(quantity: str, unit: str) -> tuple[str, int] | None:
    """The name of a quantity that a meter says in `unit`, and the power of ten for its number; None where such a unit has none here."""
    end = _ENDS.get(unit)
    return None if end is None else (quantity + end[0], end[1])


def scaled(digits: int, power: int) -> int | float:
    """`digits` times ten to the `power`, as near as a float comes: 12345 and -2 are 123.45, not 123.45000000000002."""
    factor: int = 10 ** abs(power)
    return digits * factor if power >= 0 else digits / factor
