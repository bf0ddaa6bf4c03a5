"""The liaison's desk: joiners, leavers, corrections, and transfers that one unit asks for."""
