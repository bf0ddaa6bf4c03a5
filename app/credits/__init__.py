"""Credit accounting: evidence, rule versions, settlement, the ledger and its proof."""
