"""One folder for each outside service: client, wire models, mapping to the product's own words and errors."""
