"""Market data down: what terminals stream up, computed once and sent to whom subscribed.

Ticks go from hub to channel, which has series of values and their indicators, bars with their
history, and the audience of each way to look at it, encoded once by framing; mailbox keeps what
waits for a client, outlet writes it. protocol decides about one connection, within tiers;
market_link ties it to its socket, and desk all of it together. trading_hours knows which session
is open. pairing chooses the symbols of each user and keeps them in the store (kept); pairs_api
tells them over HTTP and takes wishes, pairs_client asks it; stored_closes reads a store to the same
end. user_service asks for a user's tier.
"""
