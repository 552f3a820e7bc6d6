"""The register of organisations and sites, as registrars keep it."""
