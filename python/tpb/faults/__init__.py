"""Plays faults against real senders and gateways and shows that no tick is lost."""
