"""Run scenarios that others wrote (.rpl of testbound and Deckard) against the models, and write others."""
