"""One stream up and a thousand subscribers: what the gateway delivers, how late, at what price."""
