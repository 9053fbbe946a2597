"""The Typer app and the options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from automic_core import _version, logs
from automic_core.errors import ConfigError

app = typer.Typer(
    name="automic",
    help="Messy sources in, a trusted Iceberg lakehouse out, every row accounted for.",
    epilog="Exit codes: 0 all right, 1 failed run, gate or data, 2 wrong use, 130 interrupted.",
    add_completion=False,
    invoke_without_command=True,
    context_settings={"max_content_width": 100},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Lake = Annotated[
    Path | None,
    typer.Option("--lake", envvar="AUTOMIC_LAKE", show_envvar=True, help="Folder of the lake; default ./lake."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, and nothing else there.")]
UseModel = Annotated[bool, typer.Option("--model", help="Ask the language model.")]
ShowRequest = Annotated[bool, typer.Option("--show-request", help="Print what the model would be sent; send nothing.")]
Source = Annotated[str, typer.Argument(metavar="SOURCE", help="A path, a glob in quotes, or a URL.")]
Kind = Annotated[str | None, typer.Option("--kind", help="Kind of the source; default: by the suffix.")]
Option = Annotated[
    list[str] | None,
    typer.Option("-o", "--option", metavar="KEY=VALUE", help="Option of the source; see `automic connectors`."),
]
Allow = Annotated[
    list[Path] | None,
    typer.Option("--allow", metavar="FOLDER", help="A folder that may be read besides the lake and the current one."),
]


def _version_and_exit(wanted: bool) -> None:
    if wanted:
        typer.echo(f"automic {_version.__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    log_level: Annotated[
        str, typer.Option("--log-level", envvar=logs.VARIABLE, help=f"One of {', '.join(logs.LEVELS)}; to stderr.")
    ] = "off",
    version: Annotated[
        bool, typer.Option("--version", callback=_version_and_exit, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Messy sources in, a trusted Iceberg lakehouse out, every row accounted for."""
    import warnings

    logs.configure(log_level)
    if log_level != "debug":
        warnings.simplefilter("ignore")
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def pairs(texts: list[str] | None, what: str = "option") -> dict[str, str]:
    """``key=value`` texts as a mapping.

    Raises:
        ConfigError: One has no equals sign, or a key is given twice.
    """
    found: dict[str, str] = {}
    for text in texts or ():
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise ConfigError(f"{text!r} is no {what}.", "Write key=value.")
        if key in found:
            raise ConfigError(f"The {what} {key!r} is given twice.")
        found[key] = value
    return found


def listed(text: str | None) -> list[str]:
    """Names separated by commas."""
    return [part.strip() for part in (text or "").split(",") if part.strip()]


from automic_core.cli import (  # noqa: E402  commands register themselves
    asking,  # noqa: F401
    flow,  # noqa: F401
    following,  # noqa: F401
    judging,  # noqa: F401
    looking,  # noqa: F401
    maintaining,  # noqa: F401
    matching,  # noqa: F401
    modelling,  # noqa: F401
    serving,  # noqa: F401
    sources,  # noqa: F401
    suggesting,  # noqa: F401
    watching,  # noqa: F401
    watermarking,  # noqa: F401
)
