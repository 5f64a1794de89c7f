-- Devices of the mobile and the desktop contract keep no chain: central keeps a node and a log for each, and seals their events on arrival.

-- One row per device, beside its row in `node`.
create table device (
    tenant_id        uuid not null,
    node_id          uuid not null,                    -- derived from the tenant and the device's own name for itself
    device           text not null collate "C",        -- device_id of the mobile contract, clientId of the desktop's
    contract         text not null collate "C" check (contract in ('mobile', 'desktop')),
    sealed_by        text not null default 'central' check (sealed_by = 'central'),    -- nobody may take these records for the device's own
    pulled_to        bigint,                           -- up to which position it said that it holds everything; null before its first pull
    reload_to        bigint not null default 0,        -- up to where it is given its own changes too: it was wiped and began again
    first_contact_at timestamptz not null default now(),
    last_contact_at  timestamptz not null default now(),
    primary key (tenant_id, node_id),
    constraint device_is_a_node foreign key (tenant_id, node_id) references node (tenant_id, node_id)
);

-- Entities that go by another id here than on the device that made them: its own was taken, or is no id here.
create table device_entity_id (
    tenant_id   uuid not null,
    node_id     uuid not null,
    entity_type text not null collate "C",
    client_id   text not null collate "C",
    server_id   text not null collate "C",
    primary key (tenant_id, node_id, entity_type, client_id),
    constraint device_entity_id_of_device foreign key (tenant_id, node_id) references device (tenant_id, node_id)
);

do $$
declare
    name text;
begin
    foreach name in array array['device', 'device_entity_id'] loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format(
            'create policy one_tenant on %I to comptoir_service, comptoir_owner '
            'using (tenant_id = (select nullif(current_setting(''app.tenant'', true), '''')::uuid))', name);
    end loop;
end $$;
create policy own_tenants on device for select to comptoir_readonly
    using (tenant_id = any (array(select r.tenant_id from reader r where r.role_name = current_user)));
grant select on device to comptoir_readonly;
grant select, insert, update on device to comptoir_service;
grant select, insert on device_entity_id to comptoir_service;

create view reporting.devices with (security_invoker = true) as
select d.tenant_id, d.node_id, d.device, d.contract, d.sealed_by, n.site_id, d.pulled_to, t.head as tenant_head,
       d.first_contact_at, d.last_contact_at
from device d
join node n on n.tenant_id = d.tenant_id and n.node_id = d.node_id
left join tenant_head t on t.tenant_id = d.tenant_id;
grant select on reporting.devices to comptoir_readonly;
