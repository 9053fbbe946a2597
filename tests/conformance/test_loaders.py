"""The connectors of Automic: loaders."""

from automic_core.conformance.loaders import *  # noqa: F403
