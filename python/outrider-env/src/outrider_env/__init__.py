"""Outrider's simulator as a PettingZoo environment: see :class:`OutriderEnv`."""

from .env import OutriderEnv, parallel_env
from .process import OutriderError

__all__ = ["OutriderEnv", "OutriderError", "parallel_env"]
