"""Drive real resolvers through emulated time: a network of their own, a clock of their own, one file a daemon."""
