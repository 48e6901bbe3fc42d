"""What is looked at before a campaign may be sent, one module for each thing looked at; `services.checking` asks them all."""

from campaigns.checks.check import Check

__all__ = ["Check"]
