"""Measurements against the floor and against what one would use instead, as ratios in one run."""
