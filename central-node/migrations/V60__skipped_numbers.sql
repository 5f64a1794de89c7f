-- Numbers below the last that nobody has: central had given them before it was put back to an older copy, and whoever was told has not
-- come back yet. Empty for a series that never saw a restore.
alter table invoice_series add column skipped bigint[] not null default '{}';
