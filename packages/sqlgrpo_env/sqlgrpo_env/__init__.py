"""Text to SQL with verified rewards, for Prime Intellect's ``verifiers`` 0.4 and prime-rl.

The classes live in ``sqlgrpo.environments.prime``; ``verifiers`` finds a package by its name and
takes the taskset, the environment and the harness that it exports.
"""

from sqlgrpo.environments.prime import SqlConversation, SqlHarness, SqlTaskset

__all__ = ["SqlConversation", "SqlHarness", "SqlTaskset"]
