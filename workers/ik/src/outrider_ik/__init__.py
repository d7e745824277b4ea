"""ik_llama.cpp as an engine of Outrider, by the rows protocol."""
