"""What an operator does, a module a group of commands; `app/cli.py` puts them together."""
