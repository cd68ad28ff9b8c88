"""Fine-tune a language model to write SQL, with GRPO and rewards it cannot talk round."""

__version__ = "0.1.0"
