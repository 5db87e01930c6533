"""Real data that may be shipped, readers that turn it into portfolio files, and the demo. Imported by nobody."""
