"""How dates are written where Django writes them, as the product does elsewhere."""
