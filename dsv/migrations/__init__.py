"""Document, plan, stage, run."""
