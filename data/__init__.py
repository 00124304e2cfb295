"""What the product knows: the domain, the store and the analytics over them."""
