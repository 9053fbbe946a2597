"""Write the demo: messy files, and the truth beside them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from automic_core.demo import countries as _countries
from automic_core.demo import customers as _customers
from automic_core.demo import orders as _orders
from automic_core.demo import products as _products
from automic_core.demo.faults import DEFAULT_RATES, FaultRates
from automic_core.demo.truth import TruthWriter
from automic_core.errors import ConfigError, LoadError, translate


@dataclass(frozen=True)
class DemoFiles:
    """Where the demo lies.

    Attributes:
        folder: The folder given; the sources are in ``in``.
        customers: Two CSV deliveries, the older first.
        orders: JSON lines.
        products: Excel.
        countries: XML.
        truth: Folder with the truth; see ``truth.read_truth``.
    """

    folder: Path
    customers: tuple[Path, Path]
    orders: Path
    products: Path
    countries: Path
    truth: Path


def generate(
    folder: Path,
    customers: int = 2000,
    orders: int = 20000,
    products: int = 200,
    seed: int = 7,
    rates: FaultRates = DEFAULT_RATES,
) -> DemoFiles:
    """Write the messy files and their truth, the same bytes for the same arguments; files there are replaced.

    Args:
        folder: Where; created.
        customers: Number of different people, at least 1.
        orders: Number of different orders, 0 or more.
        products: Number of different articles, at least 1.
        seed: Another seed, another demo.
        rates: How often what goes wrong.

    Raises:
        ConfigError: A number is too small.
        LoadError: The folder cannot be written.
        MissingDriverError: xlsxwriter is not installed.
    """
    for name, value, least in (("customers", customers, 1), ("orders", orders, 0), ("products", products, 1)):
        if value < least:
            raise ConfigError(f"The demo cannot have {value} {name}.", f"Give at least {least}.")
    sources, truth = folder / "in", folder / "truth"
    with translate(LoadError, f"writing the demo to {folder}", "Choose a folder you may write to.", (OSError,)):
        sources.mkdir(parents=True, exist_ok=True)
        with TruthWriter(truth) as writer:
            shoppers = _customers.write_customers(sources, writer, customers, seed, rates)
            catalogue = _products.write_products(sources, writer, products, seed, rates)
            _orders.write_orders(sources, writer, orders, seed, rates, shoppers, catalogue)
            _countries.write_countries(sources, writer, seed, rates)
    first, second = _customers.FILES
    return DemoFiles(
        folder,
        (sources / first, sources / second),
        sources / _orders.FILE,
        sources / _products.FILE,
        sources / _countries.FILE,
        truth,
    )
