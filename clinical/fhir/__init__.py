"""A clinic's records as FHIR R4 resources: pure mappers from rows to dicts, and the reading around them."""
