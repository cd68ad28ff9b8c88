"""Forms with LIKE, and forms about missing values."""

from __future__ import annotations

from sqlgrpo.data.builtin import makers
from sqlgrpo.data.builtin.deal import SHOWN
from sqlgrpo.data.builtin.forms.count import ASK_COUNT, COUNT_ROWS
from sqlgrpo.data.builtin.forms.draws import a_table
from sqlgrpo.data.builtin.forms.filters import ASK_ONE, LIST
from sqlgrpo.data.builtin.forms.form import Form

PATTERNS = (
    Form(
        name="like_start",
        difficulty="easy",
        features="where like",
        draw=a_table(a=SHOWN, where=(makers.starts,)),
        sql=LIST,
        phrasings=ASK_ONE,
    ),
    Form(
        name="like_end",
        difficulty="easy",
        features="where like",
        draw=a_table(a=SHOWN, where=(makers.ends,)),
        sql=LIST,
        phrasings=ASK_ONE,
    ),
    Form(
        name="like_inside",
        difficulty="easy",
        features="where like",
        draw=a_table(a=SHOWN, where=(makers.contains,)),
        sql=LIST,
        phrasings=ASK_ONE,
    ),
    Form(
        name="not_like",
        difficulty="medium",
        features="where like not",
        draw=a_table(a=SHOWN, where=(makers.not_contains,)),
        sql=LIST,
        phrasings=ASK_ONE,
    ),
    Form(
        name="count_like",
        difficulty="medium",
        features="count where like",
        draw=a_table(where=(makers.starts,)),
        sql=COUNT_ROWS,
        phrasings=ASK_COUNT,
    ),
    Form(
        name="like_and",
        difficulty="medium",
        features="where like two",
        draw=a_table(a=SHOWN, where=(makers.contains, makers.compare_number)),
        sql=LIST,
        phrasings=ASK_ONE,
    ),
    Form(
        name="missing",
        difficulty="easy",
        features="where null",
        draw=a_table(a=SHOWN, where=(makers.missing,)),
        sql=LIST,
        phrasings=ASK_ONE,
    ),
    Form(
        name="recorded",
        difficulty="easy",
        features="where null not",
        draw=a_table(a=SHOWN, where=(makers.recorded,)),
        sql=LIST,
        phrasings=ASK_ONE,
    ),
    Form(
        name="count_missing",
        difficulty="easy",
        features="count where null",
        draw=a_table(where=(makers.missing,)),
        sql=COUNT_ROWS,
        phrasings=ASK_COUNT,
    ),
    Form(
        name="missing_and",
        difficulty="medium",
        features="where null two",
        draw=a_table(a=SHOWN, where=(makers.compare, makers.missing)),
        sql=LIST,
        phrasings=ASK_ONE,
    ),
    Form(
        name="count_recorded_and",
        difficulty="medium",
        features="count where null two",
        draw=a_table(where=(makers.compare, makers.recorded)),
        sql=COUNT_ROWS,
        phrasings=ASK_COUNT,
    ),
)
