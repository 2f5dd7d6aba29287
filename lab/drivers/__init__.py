"""Drive real resolvers through emulated time, in a network and under a clock of the lab's own."""
