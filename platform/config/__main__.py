"""`python -m config` is `nexus` where the console script is not on the path."""

from config.cli import main

main()
