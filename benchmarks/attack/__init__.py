"""A genetic search for completions that are paid without being right, or that do damage."""
