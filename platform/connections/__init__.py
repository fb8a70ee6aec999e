"""What a clinic connects: its own accounts at vendors, what waits to reach them, what they send back."""
