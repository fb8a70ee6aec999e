"""Reading a clinic's FileMaker data, whatever form it comes in."""
