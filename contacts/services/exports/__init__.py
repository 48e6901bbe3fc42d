"""Writing contacts to a file, in the background."""
