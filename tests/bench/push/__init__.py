"""What it costs to tell many subscribers of an event, beside the same on Node."""
