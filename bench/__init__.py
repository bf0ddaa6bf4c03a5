"""Speed, measured beside its floors: `make bench`, docs/bench.md."""
