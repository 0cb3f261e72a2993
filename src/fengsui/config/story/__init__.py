"""The story that `./fengsui demo` plays: people act through the real web, proofs are read back from outside."""
