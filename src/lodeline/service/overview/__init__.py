"""The nation at a glance: flows, what does not close, who has filed."""
