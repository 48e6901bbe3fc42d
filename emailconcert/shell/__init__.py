"""The design system: base templates, components, charts and the places in the side bar."""
