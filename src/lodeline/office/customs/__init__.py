"""Who asks the customs desk, in batches too, and its queries to exporters."""
