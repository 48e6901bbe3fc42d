"""Forms: what people type, made tidy and checked."""
