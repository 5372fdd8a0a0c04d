"""Any JSON over HTTP, read by a mapping file."""
