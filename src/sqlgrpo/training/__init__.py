"""GRPO and the warm start before it. The main flow is ``grpo.py``."""
