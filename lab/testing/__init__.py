"""What the pytest plugin hands to tests: a world under a clock, its root, its resolvers, and what they did.

Everything here may be used without pytest too. `lab.pytest_plugin` imports it when a fixture asks for it.
"""
