"""The only room with sockets: UDP, TCP, TLS, and the driver between engine, sockets and clock."""
