"""Routes, one module for each topic. No rule lives here: parse, ask the service, answer."""
