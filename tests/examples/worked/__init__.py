"""Published worked examples as data, by topic: each with its source, the scenario and the figures it has to come to."""
