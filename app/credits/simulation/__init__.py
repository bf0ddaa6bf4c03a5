"""What a draft of the rules would make of everybody, before it is published. Nothing is written to the ledger.

`service` runs it, `drafts` says which versions stand before and after, `packs` gives evidence quickly, `weighing`
compares one learner's two settlements and `attribution` says which clauses made the difference; `share` does so for
some learners in one process, `processes` for everybody in several.
"""
