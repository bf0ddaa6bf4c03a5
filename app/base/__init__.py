"""What every room stands on: settings, clock, database, unit of work, access, storage, tasks, audit."""
