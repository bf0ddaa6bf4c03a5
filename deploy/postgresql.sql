-- Run once as PostgreSQL's superuser: sudo -u postgres psql -v ON_ERROR_STOP=1 -f deploy/postgresql.sql
-- Then give both roles a password: \password duxue_owner, \password duxue_app
-- Tables and rights are made by `duxue migrate`, as the owner.

CREATE ROLE duxue_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;
CREATE ROLE duxue_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;
CREATE DATABASE duxue OWNER duxue_owner TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8';

\connect duxue

-- Nobody but the owner makes anything here. (The default since PostgreSQL 15.)
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON DATABASE duxue FROM PUBLIC;
GRANT CONNECT ON DATABASE duxue TO duxue_app;
GRANT ALL ON SCHEMA public TO duxue_owner;

-- What was acknowledged must survive a crash. These are the defaults; the academy relies on them.
ALTER DATABASE duxue SET synchronous_commit = on;
-- A forgotten transaction must not hold a learner's rows for ever.
ALTER ROLE duxue_app IN DATABASE duxue SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE duxue_app IN DATABASE duxue SET lock_timeout = '15s';
