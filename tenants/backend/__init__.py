"""The database backend that puts every transaction inside one clinic's walls."""
