"""The log as a whole: verified, backed up, and frozen into editions."""
