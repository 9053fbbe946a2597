"""The suite that every source and loader passes, for connectors of one's own as well; it needs pytest.

A connector of one's own is registered, told to the suite in a ``conftest.py``, and tested by a file beside it::

    # conftest.py
    from automic_core.conformance import SourceCase, Suite

    SUITE = Suite(sources=[SourceCase("mine", ".mine", write=write_mine)])
    pytest_generate_tests, its_schema = SUITE.generate, SUITE.schema()

    # test_mine.py
    from automic_core.conformance.sources import *

``loaders`` and ``servers`` are the parts for loaders and for what is behind an address. A known gap is a strict xfail.
"""

from __future__ import annotations

from automic_core.conformance.cases import Gap, Hands, LoaderCase, SourceCase, schema_of
from automic_core.conformance.suite import Suite

__all__ = ["Gap", "Hands", "LoaderCase", "SourceCase", "Suite", "schema_of"]
