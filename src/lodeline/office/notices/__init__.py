"""Notices and mails: what people are told, and in which words."""
