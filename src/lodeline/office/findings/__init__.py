"""Cases: what is asked, answered and decided about findings."""
