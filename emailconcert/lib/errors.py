"""What can go wrong through no fault of the code."""


class ExpectedError(Exception):
    """Something a person can cause and mend; `str(error)` is a sentence to that person.

    Subclasses stand beside the function that raises them.
    """
