"""The lowest layer: tools without models, which every app may import."""
