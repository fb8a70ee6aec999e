"""`python -m onboarding.filemaker.demo_clinic OUT.fmp12 --factor 1` writes the demo file."""

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from datetime import date

from onboarding.filemaker.demo_clinic import FactorError, write_demo_clinic
from onboarding.filemaker.demo_clinic.facts import DEFAULT_SEED


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the file, print its facts as JSON; 2 when it cannot be written."""
    parser = argparse.ArgumentParser(
        prog="python -m onboarding.filemaker.demo_clinic", description=__doc__
    )
    parser.add_argument("path", metavar="OUT.fmp12")
    parser.add_argument("--factor", type=float, default=1.0, help="1 is 2,842 patients")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument("--today", type=date.fromisoformat, help="YYYY-MM-DD, default: today")
    parser.add_argument("--no-containers", action="store_true", help="no documents, no photos")
    parser.add_argument("--container-bytes", type=int, default=0, help="size of each file in them")
    parser.add_argument("--files", type=float, default=1.0, help="share of documents and photos")
    chosen = parser.parse_args(arguments)
    try:
        facts = write_demo_clinic(
            chosen.path,
            factor=chosen.factor,
            seed=chosen.seed,
            today=chosen.today,
            with_containers=not chosen.no_containers,
            container_bytes=chosen.container_bytes,
            files=chosen.files,
        )
    except (FactorError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(json.dumps(dataclasses.asdict(facts), default=str, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
