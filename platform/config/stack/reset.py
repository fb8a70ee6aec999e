"""`make demo-reset`: remove an installation's data. Refuses while it runs."""

from __future__ import annotations

import sys

from config.stack.layout import Layout


def main() -> int:
    here = Layout.from_environment()
    try:
        here.erase()
    except (RuntimeError, OSError) as error:
        print(f"nexus: {error}", file=sys.stderr)
        return 1
    print(f"Removed {here.var}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
