"""``python -m simcarrier`` is the command line."""

from simcarrier.cli import main

main(prog_name="simcarrier")
