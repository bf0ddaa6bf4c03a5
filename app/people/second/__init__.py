"""The second factor: codes of an authenticator (TOTP), and recovery codes for when it is lost."""
