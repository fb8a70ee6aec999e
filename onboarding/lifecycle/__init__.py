"""What is done with a clinic as a whole, as jobs: see `tenants.jobs`."""
