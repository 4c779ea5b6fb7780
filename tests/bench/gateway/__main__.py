"""`python -m tests.bench.gateway`: compare, with what is compared chosen on the command line."""

import argparse
import sys

from rich.console import Console

from tests.bench.gateway.compare import CASES, IDIOMATIC, NODE_PEERS, OWN, compare

EVERYBODY = (*NODE_PEERS, IDIOMATIC, *OWN)


def main(arguments: list[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.gateway", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"who, of {', '.join(EVERYBODY)}; ratios are to the first one")
    parser.add_argument(
        "--cases", default="0123", help="which cases: " + "; ".join(f"{n}: {c}" for n, c in enumerate(CASES))
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="how long a round lasts")
    chosen = parser.parse_args(arguments)
    cases = [CASES[int(number)] for number in chosen.cases]
    names = chosen.names or EVERYBODY
    if unknown := set(names) - set(EVERYBODY):
        parser.error(f"{', '.join(sorted(unknown))}: not one of {', '.join(EVERYBODY)}")
    compare(Console(file=sys.stdout, width=120), names, cases, rounds=chosen.rounds, seconds=chosen.seconds)


if __name__ == "__main__":
    main(sys.argv[1:])
