"""Who speaks: signing secrets and tokens."""
