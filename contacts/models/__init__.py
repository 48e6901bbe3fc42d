"""Tables of contacts, lists, forms, imports and segments."""

from contacts.models.forms import Form, FormSubmission
from contacts.models.imports import Import, ImportRefusal
from contacts.models.lists import List, Subscription
from contacts.models.people import Contact, ContactEvent, ContactTag, CustomField, Tag
from contacts.models.segments import Segment

__all__ = [
    "Contact",
    "ContactEvent",
    "ContactTag",
    "CustomField",
    "Form",
    "FormSubmission",
    "Import",
    "ImportRefusal",
    "List",
    "Segment",
    "Subscription",
    "Tag",
]
