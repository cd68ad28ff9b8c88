"""What every script shares: logging, one clear line per user error, exit statuses."""

from __future__ import annotations

import functools
import logging
import os
import signal
import sys
import warnings
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from rich.console import Console
from rich.logging import RichHandler

from sqlgrpo.errors import Interrupted, SqlgrpoError

P = ParamSpec("P")
R = TypeVar("R")

console = Console(stderr=True)
"""Progress and tables; standard output is for results alone."""


def exit_on_error(main: Callable[P, R]) -> Callable[P, R]:
    """Turn our errors into one line and exit status 2, and Ctrl-C or SIGTERM into 130."""

    @functools.wraps(main)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        quiet_libraries()
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that workers are closed
        try:
            return main(*args, **kwargs)
        except SqlgrpoError as error:
            console.print(f"[bold red]error:[/] {_plain(str(error))}", highlight=False)
            sys.exit(2)
        except Interrupted as error:
            console.print(_plain(str(error)), highlight=False)
            sys.exit(128 + error.signal_number)
        except KeyboardInterrupt:
            console.print("interrupted; run the same command again to continue")
            sys.exit(130)

    return guarded


def quiet_libraries() -> None:
    """Our log lines on standard error; other packages speak only when something is wrong."""
    handler = RichHandler(console=console, show_path=False, show_level=False, markup=False)
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[handler], force=True)
    logging.getLogger("sqlgrpo").setLevel(logging.INFO)
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # warns of a kernel it can do without
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("DS_LOG_LEVEL", "error")
    warnings.filterwarnings("ignore")


def _plain(text: str) -> str:
    """Brackets in a message are not rich markup."""
    return text.replace("[", r"\[")
