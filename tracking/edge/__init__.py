"""The process that answers pixels, clicks and one-click opt-outs, ahead of Django."""
