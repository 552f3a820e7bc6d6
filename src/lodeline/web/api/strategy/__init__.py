"""The strategic view by program: who may ask, what is answered, and which looks at firms are written down."""

from lodeline.web.api.strategy.operations import router

__all__ = ["router"]
