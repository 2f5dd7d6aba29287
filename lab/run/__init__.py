"""Drive subjects through a scenario and judge what was seen."""
