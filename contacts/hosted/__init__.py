"""What a hosted form is, looks like and says, and how it tells people from programs."""
