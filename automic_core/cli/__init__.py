"""The command line: one function a command, one use-case and a print each.

Exit codes: 0 all right; 1 the run, a gate or the data failed; 2 wrong use (an option, a setting, a name that does not
exist, a path or statement that policy forbids); 130 interrupted.
"""

from __future__ import annotations

import sys

WRONG_USE, FAILED, INTERRUPTED = 2, 1, 130


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit; no traceback ever reaches the person."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    from typer.exceptions import Abort, TyperException

    from automic_core.cli import output
    from automic_core.cli.app import app
    from automic_core.errors import AutomicError, CatalogError, ConfigError, SecurityError
    from automic_core.logs import logger

    try:
        code = app(args=arguments, prog_name="automic", standalone_mode=False)
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        return code if isinstance(code, int) else 0
    except TyperException as exc:
        place = getattr(exc, "ctx", None)  # the command whose options were wrong
        output.complain(exc.format_message(), f"See `{place.command_path if place else 'automic'} --help`.")
        return WRONG_USE
    except (Abort, KeyboardInterrupt):
        output.complain("Interrupted; nothing half-done was published.")
        return INTERRUPTED
    except AutomicError as exc:
        logger().info("failed", error=exc.message, kind=type(exc).__name__, exc_info=True)
        output.complain(exc.message, exc.hint)
        return WRONG_USE if isinstance(exc, ConfigError | SecurityError | CatalogError) else FAILED
    except BrokenPipeError:
        output.abandon()
        return FAILED
    except Exception as exc:
        logger().debug("defect", exc_info=True)
        text = " ".join(str(exc).split())[:500]
        output.complain(
            f"{type(exc).__name__}: {text}",
            "This is a defect of Automic; run again with --log-level debug for details.",
        )
        return FAILED
