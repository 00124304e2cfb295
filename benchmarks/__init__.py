"""Timed figures and pictures, apart from the tests."""
