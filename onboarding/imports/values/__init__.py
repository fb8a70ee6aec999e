"""How one cell of a FileMaker file becomes a value of ours, and what is said when it cannot.

Everything FileMaker stores is text as someone typed it. Each reader answers the value it could make
out and the issues it met; it never raises for what stands in a cell, and never throws the text away:
whoever calls keeps the raw text beside the value.
"""
