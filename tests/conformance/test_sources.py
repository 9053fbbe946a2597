"""The connectors of Automic: sources."""

from automic_core.conformance.sources import *  # noqa: F403
