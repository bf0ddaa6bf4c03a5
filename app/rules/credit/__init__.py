"""The rule language: evidence in, explained hours out. Start reading at `document.load`."""
