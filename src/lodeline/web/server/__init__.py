"""The server: how requests are received, answered in errors, logged and configured."""
