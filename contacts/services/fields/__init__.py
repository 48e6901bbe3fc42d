"""The account's own fields, and the values that contacts have in them."""
