"""The widget: the only package that knows traitlets and anywidget."""

from atlas_widget.widget.widget import AtlasWidget

__all__ = ["AtlasWidget"]
