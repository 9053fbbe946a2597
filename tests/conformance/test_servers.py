"""The connectors of Automic: servers."""

from automic_core.conformance.servers import *  # noqa: F403
