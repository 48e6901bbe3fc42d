"""The one way the tools in `dev` refuse to go on."""


class Problem(Exception):
    """Something the person at the keyboard can mend; the text is one sentence that says what to do."""
