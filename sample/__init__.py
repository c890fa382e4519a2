"""A small portal with invented rows: the page, the files and the faults of the real one.

It serves `--demo`, the tests and the benchmarks over real HTTP. Nobody and no company in it exists.
"""
