"""Small helpers for the tags: attributes and rendering."""

from typing import Any

from django.forms.utils import flatatt
from django.template.loader import render_to_string
from django.utils.safestring import SafeString


def attributes(values: dict[str, Any]) -> SafeString:
    """Write keyword arguments as attributes: `hx_post="/x/"` as `hx-post="/x/"`; None and False are left out."""
    return flatatt(
        {
            name.rstrip("_").replace("_", "-"): value if isinstance(value, bool) else str(value)
            for name, value in values.items()
            if value is not None and value is not False and value != ""
        }
    )


def component(name: str, **context: Any) -> SafeString:
    """Render `templates/components/<name>.html`."""
    return render_to_string(f"components/{name}.html", context)
