"""Tables of an inspection as files: what was measured, who took a bag, what a laboratory found."""
