"""The rule workshop: drafts of the next version, as TOML and as a form, until a second person publishes one."""
