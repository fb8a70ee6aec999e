"""Bringing a clinic's existing practice data into Nexus."""
