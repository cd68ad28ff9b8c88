"""The question forms, one file for each group of SQL features."""

from __future__ import annotations

from sqlgrpo.data.builtin.forms.aggregates import AGGREGATES
from sqlgrpo.data.builtin.forms.count import COUNTS
from sqlgrpo.data.builtin.forms.filters import FILTERS
from sqlgrpo.data.builtin.forms.form import Form
from sqlgrpo.data.builtin.forms.groups import GROUPS
from sqlgrpo.data.builtin.forms.join_groups import JOIN_GROUPS
from sqlgrpo.data.builtin.forms.joins import JOINS
from sqlgrpo.data.builtin.forms.orders import ORDERS
from sqlgrpo.data.builtin.forms.patterns import PATTERNS
from sqlgrpo.data.builtin.forms.select import SELECT
from sqlgrpo.data.builtin.forms.sets import SETS
from sqlgrpo.data.builtin.forms.subqueries import SUBQUERIES
from sqlgrpo.data.builtin.forms.three_tables import THREE_TABLES

FORMS: tuple[Form, ...] = (
    *SELECT,
    *COUNTS,
    *FILTERS,
    *PATTERNS,
    *AGGREGATES,
    *ORDERS,
    *GROUPS,
    *SUBQUERIES,
    *JOINS,
    *JOIN_GROUPS,
    *SETS,
    *THREE_TABLES,
)
"""Every question form, easy ones first in each group."""

__all__ = ["FORMS", "Form"]
