"""Agents that others run, brought into the same log."""
