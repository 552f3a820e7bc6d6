"""Applications for licences, what officers decide about them, planned runs."""
