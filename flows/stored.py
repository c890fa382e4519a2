"""What an agent executes: every flow, ready to run. Registered as the storage of each."""

from flows.configuration import current_settings
from flows.registry import entries
from flows.server import ready

globals().update({entry.module: ready(entry, current_settings()) for entry in entries()})
