"""HTTP and WebSocket: parse, ask the service, answer. No rule lives here."""
