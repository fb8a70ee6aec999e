"""What a clinic answers about itself: one function in its schema, numbers and moments only."""
