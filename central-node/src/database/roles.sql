-- The roles, created by a superuser before the first migration: by central on a private Postgres, by a database administrator
-- elsewhere. The administrator then sets a password for each of the three roles that log in, creates the database (createdb
-- --owner comptoir_owner comptoir) and makes its settings: alter database comptoir set synchronous_commit = 'on',
-- lock_timeout = '10s', jit = 'off', timezone = 'UTC' (one statement each).
-- May be run again at any time.
do $$
begin
    -- Owns every table; used only to maintain the schema.
    if not exists (select from pg_roles where rolname = 'comptoir_owner') then
        create role comptoir_owner login;
    end if;
    -- Runs migrations, as the owner.
    if not exists (select from pg_roles where rolname = 'comptoir_migrator') then
        create role comptoir_migrator login;
    end if;
    -- What central works as: bound by row-level security, may not change the log.
    if not exists (select from pg_roles where rolname = 'comptoir_service') then
        create role comptoir_service login;
    end if;
    -- Reads the reporting views of the tenants granted to it; logins of BI tools are members of it.
    if not exists (select from pg_roles where rolname = 'comptoir_readonly') then
        create role comptoir_readonly login;
    end if;
    -- Sees the heads and cursors of all tenants, but no event: wakes projections.
    if not exists (select from pg_roles where rolname = 'comptoir_watcher') then
        create role comptoir_watcher login;
    end if;
end $$;

alter role comptoir_owner nosuperuser nobypassrls nocreatedb nocreaterole;
alter role comptoir_migrator nosuperuser nobypassrls nocreatedb nocreaterole;
alter role comptoir_service nosuperuser nobypassrls nocreatedb nocreaterole;
alter role comptoir_readonly nosuperuser nobypassrls nocreatedb nocreaterole;
alter role comptoir_watcher nosuperuser nobypassrls nocreatedb nocreaterole;
-- An acknowledged commit must be durable.
alter role comptoir_service set synchronous_commit = 'on';
alter role comptoir_readonly set default_transaction_read_only = 'on';
alter role comptoir_watcher set default_transaction_read_only = 'on';
grant comptoir_owner to comptoir_migrator;
