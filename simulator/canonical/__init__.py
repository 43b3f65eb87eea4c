"""One form for each network, whatever file and spelling it came in."""
