"""One exception tree. Every error says what failed, on which value, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar


class AutomicError(Exception):
    """The root of all errors a person may see; the CLI and the pages print it unchanged.

    Args:
        message: What failed, on which value (file, line, column).
        hint: What to do next; empty when the message says it all.

    Attributes:
        position: Line and column (from 1) in the text a person wrote, where the error is about one place of it.
    """

    retryable: ClassVar[bool] = False
    position: tuple[int, int] | None = None

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} Hint: {self.hint}" if self.hint else self.message


class ConfigError(AutomicError):
    """A setting, option or pipeline file is wrong."""


class SourceError(AutomicError):
    """A source cannot be opened or read."""


class UnavailableError(SourceError):
    """A source that cannot be reached at the moment, or went away while it was read; trying again may succeed."""

    retryable: ClassVar[bool] = True


class TransformError(AutomicError):
    """A step or a rule cannot run on this data."""


class LoadError(AutomicError):
    """A destination cannot be written."""


class SchemaError(AutomicError):
    """Columns or types do not fit what was declared or accepted."""


class CatalogError(AutomicError):
    """A table, namespace or snapshot is missing or cannot be used."""


class GateError(AutomicError):
    """A rule with action "fail", or a gate of a promotion, did not pass; nothing was published."""


class LedgerError(AutomicError):
    """The row ledger does not add up; nothing was published. Always a defect of Automic or of a foreign step."""


class SecurityError(AutomicError):
    """A path, statement or host that policy forbids."""


class ModelError(AutomicError):
    """A language model did not answer, or not in a form that can be used."""


class BudgetError(ModelError):
    """A call would cost more than the budget of the day leaves; nothing was sent."""


class ConflictError(AutomicError):
    """Another writer got there first; running again may succeed."""

    retryable: ClassVar[bool] = True


class MissingDriverError(ConfigError):
    """A driver is not installed; the message carries the pip command."""

    def __init__(self, module: str, extra: str) -> None:
        super().__init__(f"The package {module!r} is not installed.", f"pip install 'automic[{extra}]'")
        self.module = module
        self.extra = extra


@contextmanager
def translate(
    to: type[AutomicError], what: str, hint: str = "", catch: tuple[type[BaseException], ...] = (Exception,)
) -> Iterator[None]:
    """Turn a foreign exception into ours at an adapter's edge; our own pass through untouched.

    Args:
        to: The error to raise.
        what: What was being done, as the start of the message ("reading orders.csv").
        hint: What the person can do next.
        catch: Foreign exceptions to translate.

    Raises:
        AutomicError: An instance of ``to``, chained from the foreign exception.
    """
    try:
        yield
    except AutomicError:
        raise
    except catch as exc:
        detail = " ".join(str(exc).split()) or type(exc).__name__
        raise to(f"{what}: {detail[:600]}", hint) from exc
