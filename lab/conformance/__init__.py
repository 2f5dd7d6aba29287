"""Numbered cases of what the RFCs demand of a validator, for models, real resolvers and others alike."""
