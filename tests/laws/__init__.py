"""Laws that hold for every platform, whatever its numbers: equal networks, growing work, roofs, clocks."""
