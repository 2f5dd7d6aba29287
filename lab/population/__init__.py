"""A fleet of resolvers: who they are, and what becomes of millions of them."""
