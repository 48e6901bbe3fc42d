"""What a mail that came back says: pure functions over bytes that never raise, whatever the bytes are."""
