"""What every template may name."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language


def shell(request: HttpRequest) -> dict[str, str]:  # noqa: ARG001 (what Django gives a context processor)
    """Return the page's language and the platform's name."""
    return {"page_language": get_language() or settings.LANGUAGE_CODE, "platform_name": settings.PLATFORM_NAME}
