"""People, and papers on their way: accounts, memberships, drafts, jobs, notices; `service` files for it."""
