"""SCIM 2.0 (`/scim/v2`): an identity system keeps people and their units. It owns its tokens and what it knows of each
person and unit besides (`scim_mark`)."""
