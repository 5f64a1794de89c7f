-- Every synchronisation of a phone, a desktop or a node, whether it succeeded or not: for audit, debugging and statistics.
-- It says what happened and decides nothing. Rows may be pruned by age.
create table sync_log (
    tenant_id           uuid not null references tenant (tenant_id),
    started_at          timestamptz not null,
    sync_id             uuid not null,
    client              text not null collate "C",     -- the device's own name for itself, or the node's id
    node_id             uuid,                          -- absent where none could be told
    contract            text not null collate "C" check (contract in ('mobile', 'desktop', 'native')),
    direction           text not null collate "C" check (direction in ('UP', 'DOWN')),
    batch_id            text,                          -- as the client named it
    events_count        bigint not null,               -- received, or given
    conflicts_count     bigint not null,
    failed_count        bigint not null,               -- neither taken nor in conflict
    status              text not null collate "C" check (status in ('SUCCESS', 'PARTIAL', 'FAILED')),
    completed_at        timestamptz not null,
    clock_offset_micros bigint,                        -- the client's clock less ours, where the request shows it
    error               text,
    primary key (tenant_id, started_at, sync_id)
);
create index sync_log_by_client on sync_log (tenant_id, client, started_at);

alter table sync_log enable row level security;
alter table sync_log force row level security;
create policy one_tenant on sync_log to comptoir_service, comptoir_owner
    using (tenant_id = (select nullif(current_setting('app.tenant', true), '')::uuid));
create policy own_tenants on sync_log for select to comptoir_readonly
    using (tenant_id = any (array(select r.tenant_id from reader r where r.role_name = current_user)));
grant select on sync_log to comptoir_readonly;
grant select, insert, delete on sync_log to comptoir_service;

create view reporting.sync_log with (security_invoker = true) as
select tenant_id, sync_id, client, node_id, contract, direction, batch_id, events_count, conflicts_count, failed_count, status,
       started_at, completed_at, round(extract(epoch from completed_at - started_at) * 1000)::bigint as duration_ms,
       clock_offset_micros, error
from sync_log;

-- By day (UTC), client and direction.
create view reporting.sync_log_by_day with (security_invoker = true) as
select tenant_id, (started_at at time zone 'UTC')::date as day, client, contract, direction,
       count(*) as syncs,
       count(*) filter (where status = 'SUCCESS') as succeeded,
       count(*) filter (where status = 'PARTIAL') as partial,
       count(*) filter (where status = 'FAILED') as failed,
       sum(events_count)::bigint as events, sum(conflicts_count)::bigint as conflicts,
       round(avg(extract(epoch from completed_at - started_at)) * 1000)::bigint as mean_duration_ms,
       max(abs(clock_offset_micros)) as max_clock_offset_micros
from sync_log
group by 1, 2, 3, 4, 5;
grant select on reporting.sync_log, reporting.sync_log_by_day to comptoir_readonly;
