"""Closing a period: what still stands open, the seal with its record and hash, and how a seal is taken back."""
