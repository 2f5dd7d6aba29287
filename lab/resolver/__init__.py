"""Embedded resolver models: RFC 5011 as one table, and what implementations do differently as data."""
