"""Keys to choose a password with: slips on paper, links in mails. The first activates an account, others reset it."""
