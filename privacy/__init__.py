"""What may be done with a person's data: requests, suppression, consent, ledger, registers."""
