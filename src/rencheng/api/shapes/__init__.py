"""What the API says, as types; the front end's types are generated from them."""
