"""Pages of people: the own account, invitations, roles, tokens, erasure and holds."""
