"""Runs tasks durably: what has been paid for is never paid again."""
