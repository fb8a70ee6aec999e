"""The servers Nexus brings along: PostgreSQL and Valkey from wheels, run as our own children.

Nothing here imports Django: the servers must stand before settings can be read.
"""
