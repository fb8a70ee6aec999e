"""From staged records to the clinic's rows: read, resolve, write, account for every one."""
