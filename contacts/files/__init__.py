"""Reading and writing files of contacts: pure functions, no database."""
