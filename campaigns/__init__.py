"""What is said, to whom, when; and how it went."""
