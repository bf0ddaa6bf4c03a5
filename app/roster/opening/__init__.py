"""Coming from an older platform: opening balances, half-watched courses, certificates, by the import desk."""
