"""What the product does, told in plain values: no HTTP in here."""
