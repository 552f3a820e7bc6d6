"""Filing by people and programs: drafts, certification, deliveries, deadlines."""
