"""Files exported from FileMaker: FMPXMLRESULT, CSV, TAB, merge and Excel, as a `Source`."""
