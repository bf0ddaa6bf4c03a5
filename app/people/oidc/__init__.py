"""Sign-in by an identity provider (OpenID Connect): whom to ask, what is believed, whose identity it is."""
