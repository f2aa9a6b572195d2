"""The forests: encoding, growing, exporting, serving, scoring."""
