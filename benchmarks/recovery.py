"""Point-in-time recovery proved on a throw-away server, with what it takes (RTO) and loses (RPO).

make bench BENCH=recovery ARGS="--rows 1000000"
"""

from __future__ import annotations

import argparse
import json

from onboarding.backups import recovery


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000)
    proof = recovery.prove(rows=parser.parse_args().rows, say=print)
    print(json.dumps(proof.as_json(), indent=1))
    assert proof.ok


if __name__ == "__main__":
    main()
