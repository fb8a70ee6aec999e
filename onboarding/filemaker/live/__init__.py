"""Reading a clinic's data from a running FileMaker Server, by its Data API or by OData."""
