"""Kill -9 at every durable event of every operation, and what must hold afterwards."""
