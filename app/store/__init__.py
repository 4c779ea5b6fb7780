"""Orders, their versions, events and idempotency keys, kept in MongoDB or SQLite behind one port.

What lives here speaks the domain; nothing outside imports a database driver.
"""
