"""The native FileMaker file format: `.fp7` and `.fmp12`, read without FileMaker."""
