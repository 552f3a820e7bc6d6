"""Pages of licences, applications, quotas and planned runs."""
