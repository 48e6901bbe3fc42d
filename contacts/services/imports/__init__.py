"""Taking in files of contacts: uploaded, checked, run in slices, undone."""
