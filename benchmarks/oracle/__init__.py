"""A second opinion on equivalence that shares no code with ``sqlgrpo.databases``.

``compare`` reads the policy of docs/verifiers.md anew, ``contents`` fills SQLite's own reading of
a schema with random rows that keep every declared constraint, and ``search`` looks for a database
on which two queries differ. It is slow and simple on purpose: it checks the fast one.
"""
