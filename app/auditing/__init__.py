"""Reading the audit log: the auditor's page, its files, the proof of its chain."""
