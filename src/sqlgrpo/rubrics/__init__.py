"""A rubric turns verdicts into one reward."""

from __future__ import annotations

from sqlgrpo.rubrics.build import build_rubric
from sqlgrpo.rubrics.rubric import Rubric

__all__ = ["Rubric", "build_rubric"]
