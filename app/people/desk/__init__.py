"""The desk of accounts: who has one, who never used it, slips, closing and opening."""
