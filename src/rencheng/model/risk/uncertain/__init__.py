"""Parts of a study of uncertainty; `uncertainty` puts them together."""
