"""The gateway: takes batches of ticks on /ws/mt5, stores each once, acknowledges after the commit.

upgrade and protocol decide (pure), auth and tls know whom to trust, store and reading keep the
ticks, server ties them to sockets, runner runs one beside other Python code.
"""
