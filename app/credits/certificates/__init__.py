"""Certificates of hours (学时证明): made from the ledger, frozen, set as PDF, checked by anyone who holds the code."""
