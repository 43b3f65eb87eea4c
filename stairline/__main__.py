"""``python -m stairline``: the command, with the current folder off the path before anything is imported."""

import sys

if not sys.flags.safe_path:
    # A user's own queue.py or measure.py beside the networks would stand in for a module of that name.
    del sys.path[0]

from stairline.command import main

main(prog_name="stairline")
