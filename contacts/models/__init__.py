"""Tables of contacts, lists, forms, imports and segments."""

from contacts.models.bulk import BulkAction, BulkChange
from contacts.models.codes import MailedCode
from contacts.models.exports import Export
from contacts.models.forms import Form, FormDay, FormSubmission, FormVersion
from contacts.models.imports import Import, ImportChange, ImportRefusal
from contacts.models.lists import List, Subscription
from contacts.models.people import Contact, ContactEvent, ContactTag, CustomField, DepartedContact, Tag
from contacts.models.saved import SavedView, TableColumns
from contacts.models.segments import Segment

__all__ = [
    "BulkAction",
    "BulkChange",
    "Contact",
    "ContactEvent",
    "ContactTag",
    "CustomField",
    "DepartedContact",
    "Export",
    "Form",
    "FormDay",
    "FormSubmission",
    "FormVersion",
    "Import",
    "ImportChange",
    "ImportRefusal",
    "List",
    "MailedCode",
    "SavedView",
    "Segment",
    "Subscription",
    "TableColumns",
    "Tag",
]
