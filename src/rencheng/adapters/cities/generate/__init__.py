"""What no source gave, made from a seed and stated assumptions, and labelled so."""
