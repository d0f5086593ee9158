"""MetaTrader 5 as it is installed on this machine."""
