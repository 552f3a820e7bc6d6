"""People and programs: accounts, memberships, tokens, and taking personal data away."""
