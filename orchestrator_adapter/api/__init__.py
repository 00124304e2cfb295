"""HTTP and WebSocket: a second front end beside the pages. `front` puts it together."""
