"""The rules of matching and filing, rule by rule."""
