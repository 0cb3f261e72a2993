"""SMPP 3.4 to a provider of text messages: codec, text, one bound connection, and a batch through several providers."""
