"""DigitalOcean's API, as far as it is used here."""
