"""The walls between clinics: tenants, scopes, the database backend, lifecycle."""
