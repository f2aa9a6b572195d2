"""Rows, their states and rules, and the database they live in."""
