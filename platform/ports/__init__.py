"""What Nexus asks of the world outside: mail, texts, accounting. No models, no Django, no vendor.

A vendor's adapter answers in these words; what uses it never learns which vendor it was.
"""
