"""Turn the roles in docstrings (``:func:`~atlas_widget.invert` ``) into links of the site."""

from __future__ import annotations

import re
from typing import Any

import griffe

_ROLE = re.compile(r":(?:class|func|meth|attr|data|mod|exc|obj):`(~?)([\w.]+)`")


class Roles(griffe.Extension):
    """Links where the reference has the target, else its name as code."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite an object's docstring."""
        if obj.docstring is not None:
            obj.docstring.value = _ROLE.sub(_link, obj.docstring.value)


def _link(found: re.Match[str]) -> str:
    short, target = found.groups()
    shown = target.rpartition(".")[2] if short else target
    if not target.startswith("atlas_widget."):
        return f"`{shown}`"
    return f'<autoref identifier="{target}" optional><code>{shown}</code></autoref>'
