"""What both trainers share and neither framework is needed for: a run, from seed to file."""
