"""The work in plain Python: find, download, parse, load, transform, and keep a journal of it."""
