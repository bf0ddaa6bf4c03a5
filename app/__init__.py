"""Duxue (笃学): an online academy whose every credit can be proved. Start reading at `factory.py`."""
