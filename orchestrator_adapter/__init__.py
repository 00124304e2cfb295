"""What the product does: commands, planning, the engine, its runners and its HTTP surface."""
