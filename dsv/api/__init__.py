"""One module a verb: opens revisions, hands values to the pure rooms, returns model values."""
