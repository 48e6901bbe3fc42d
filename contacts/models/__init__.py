"""Tables of contacts, lists, forms, imports and segments."""

from contacts.models.forms import Form, FormSubmission
from contacts.models.imports import Import, ImportChange, ImportRefusal
from contacts.models.lists import List, Subscription
from contacts.models.people import Contact, ContactEvent, ContactTag, CustomField, DepartedContact, Tag
from contacts.models.segments import Segment

__all__ = [
    "Contact",
    "ContactEvent",
    "ContactTag",
    "CustomField",
    "DepartedContact",
    "Form",
    "FormSubmission",
    "Import",
    "ImportChange",
    "ImportRefusal",
    "List",
    "Segment",
    "Subscription",
    "Tag",
]
