"""vLLM behind Outrider's rows protocol."""
