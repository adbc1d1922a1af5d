"""The benchmarks, as config/guide/speed.md shows them: `python -m tests.bench` runs all and prints markdown."""

import argparse
import sys

from tests.bench import announcing, edges, engine, pipeline, postgres, shared, twins, web
from tests.bench.peers import MQTT
from tests.bench.side import Plan


def main() -> None:
    """Run all, each with its own table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="rounds of the comparison (default 3)")
    rounds: int = parser.parse_args().rounds
    for title, report in (
        ("Serial to MQTT", lambda: pipeline.report(Plan(), rounds)),
        ("MQTT to MQTT", lambda: pipeline.report(Plan(), rounds, source=MQTT)),
        ("The engine alone", lambda: engine.report(rounds)),
        ("The engine on PostgreSQL", lambda: postgres.report(rounds)),
        ("Several hosts on PostgreSQL", lambda: shared.report(rounds)),
        ("Two hundred hosts at the edge", edges.report),
        ("A million stored twins", twins.report),
        ("A hundred twins announced to Home Assistant", announcing.report),
        ("The web server", web.report),
    ):
        sys.stdout.write(f"### {title}\n\n{report()}\n\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
