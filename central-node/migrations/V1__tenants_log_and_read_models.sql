-- The schema from the first day. Rules that a test reads from the catalog:
--   * tenant_id leads every primary key, unique key and foreign key: the schema can be distributed by tenant;
--   * row-level security is enabled and forced on every table of tenants;
--   * no sequence, serial or identity column: order is decided by the locked row of tenant_head and by nothing else;
--   * the service may SELECT and INSERT on event, and nothing else: append-only by privilege.
-- Runs as comptoir_owner. The roles come from src/database/roles.sql, which a superuser runs first.

-- ---------------------------------------------------------------------------------------------------------------------
-- This central
-- ---------------------------------------------------------------------------------------------------------------------

-- Which central this is, and the key it signs receipts with. One row; of no tenant.
create table central_meta (
    only_row    boolean primary key default true check (only_row),
    incarnation uuid not null,                       -- another one after a restore: nodes then compare what they hold
    signing_key bytea not null check (length(signing_key) = 32),
    created_at  timestamptz not null default now()
);

-- ---------------------------------------------------------------------------------------------------------------------
-- Identity
-- ---------------------------------------------------------------------------------------------------------------------

create table tenant (
    tenant_id    uuid primary key,
    name         text not null,
    zone         text not null,                      -- IANA name: days and invoice years are counted in it
    currency     text not null check (currency ~ '^[A-Z]{3}$'),
    central_node uuid not null,                      -- central's own node of this tenant: central is one writer among others
    created_at   timestamptz not null default now()
);

create table site (
    tenant_id  uuid not null references tenant (tenant_id),
    -- The nil id stands for "the tenant's own" in the keys of stock and series, so no site may have it.
    site_id    uuid not null check (site_id <> '00000000-0000-0000-0000-000000000000'),
    code       text collate "C" not null check (code ~ '^[A-Z0-9]{1,12}$'),   -- printed in invoice references: never changed
    name       text not null,
    created_at timestamptz not null default now(),
    primary key (tenant_id, site_id),
    constraint site_code_once unique (tenant_id, code)
);

create table node (
    tenant_id  uuid not null references tenant (tenant_id),
    node_id    uuid not null,
    site_id    uuid,                                 -- absent: central's own node
    name       text not null,
    public_key bytea check (length(public_key) = 32),             -- pinned by the node's first EPOCH_OPENED
    created_at timestamptz not null default now(),
    primary key (tenant_id, node_id),
    constraint node_of_site foreign key (tenant_id, site_id) references site (tenant_id, site_id)
);

-- Credentials: a node's API key, or an administrator's token. A credential names its tenant in its text, so that it can be looked
-- up under row-level security; only a hash of its secret is kept.
create table api_key (
    tenant_id   uuid not null references tenant (tenant_id),
    key_id      text collate "C" not null,
    secret_hash bytea not null check (length(secret_hash) = 32),
    scope       text not null check (scope in ('node', 'admin')),
    node_id     uuid,
    label       text not null,
    created_at  timestamptz not null default now(),
    expires_at  timestamptz,
    revoked_at  timestamptz,
    primary key (tenant_id, key_id),
    constraint api_key_of_node foreign key (tenant_id, node_id) references node (tenant_id, node_id),
    constraint api_key_names_its_node check ((scope = 'node') = (node_id is not null))
);

-- A database role that reads one tenant: a login of a BI tool. The role cannot choose its tenant, unlike a setting.
create table reader (
    tenant_id uuid not null references tenant (tenant_id),
    role_name name not null,
    primary key (tenant_id, role_name)
);

-- How often a credential was refused something, and what, the last time.
create table refusal (
    tenant_id   uuid not null references tenant (tenant_id),
    key_id      text collate "C" not null,
    code        text collate "C" not null,
    times       bigint not null,
    last_at     timestamptz not null,
    last_detail text not null,
    audited_at  timestamptz not null,                -- when it was last written into the log: at most once a minute
    primary key (tenant_id, key_id, code)
);

-- ---------------------------------------------------------------------------------------------------------------------
-- The log
-- ---------------------------------------------------------------------------------------------------------------------

-- Order is decided here, and only here: each ingest transaction locks its tenant's row first and raises it.
create table tenant_head (
    tenant_id        uuid primary key references tenant (tenant_id),
    head             bigint not null,                -- the last position given; count(event) = max(position) = head
    decision_chain   bytea not null,                 -- the chain after the decision at head
    last_received_at timestamptz not null            -- received_at strictly increases
) with (fillfactor = 50);                            -- room for HOT updates: the row changes with every batch

-- Each node's log as central holds it, one row per epoch. The highest epoch is the open one.
create table node_head (
    tenant_id    uuid not null,
    node_id      uuid not null,
    epoch        int not null,
    epoch_id     uuid not null,
    last_seq     bigint not null,
    last_chain   bytea not null,
    frozen       boolean not null default false,     -- after a fork: nothing more is taken in this epoch
    last_push_at timestamptz not null,
    primary key (tenant_id, node_id, epoch),
    constraint node_head_of_node foreign key (tenant_id, node_id) references node (tenant_id, node_id)
) with (fillfactor = 50);

-- Every record ever taken, with its place and its judgement. Never changed, never deleted.
-- Texts that are compared are compared bytewise, here and below: in whatever locale the database was made.
create table event (
    tenant_id    uuid not null,
    position     bigint not null,
    node_seq     bigint not null,
    received_at  timestamptz not null,
    effective_at timestamptz not null,
    occurred_at  timestamptz,                        -- absent where the record could not be read, as entity and action are
    event_id     uuid not null,                      -- derived from the chain where the record could not be read
    node_id      uuid not null,
    epoch        int not null,
    entity_type  text collate "C",
    entity_id    text collate "C",
    action       text collate "C",
    verdict      text collate "C" not null,
    code         text collate "C",
    chain        bytea not null,                     -- the node's chain after this record
    decision     bytea not null,                     -- the stored decision's bytes
    record       bytea not null,                     -- the sealed bytes, as they came
    constraint event_pkey primary key (tenant_id, position),
    -- A second record at a held place is a fork; accept() compares chains before it inserts.
    constraint event_one_per_seq unique (tenant_id, node_id, epoch, node_seq)
) with (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);

-- An event id counts at most once. The same fact in another record is kept as DUPLICATE, other content as EVENT_ID_REUSED.
create unique index event_id_counts_once on event (tenant_id, event_id)
    where verdict <> 'DUPLICATE' and code is distinct from 'EVENT_ID_REUSED';

-- What waits for a person.
create index event_quarantined on event (tenant_id, position) where verdict = 'QUARANTINED';

-- One row per push that brought something new, and per request to the write API.
create table ingest_batch (
    tenant_id           uuid not null,
    first_position      bigint not null,
    last_position       bigint not null,
    node_id             uuid not null,
    epoch               int not null,
    clock_offset_micros bigint not null,             -- the node's clock less ours, when it sent this
    received_at         timestamptz not null,        -- of the record at last_position
    decision_chain      bytea not null,              -- the tenant's chain after last_position
    primary key (tenant_id, first_position)
);
-- "As of a time": the last position received by then lies in one batch.
create index ingest_batch_by_time on ingest_batch (tenant_id, received_at);

-- The branch of a fork that did not come first: kept, and never counted.
create table fork_record (
    tenant_id   uuid not null,
    node_id     uuid not null,
    epoch       int not null,
    epoch_id    uuid not null,
    node_seq    bigint not null,
    chain       bytea not null,
    record      bytea not null,
    received_at timestamptz not null default now(),
    primary key (tenant_id, node_id, epoch, epoch_id, node_seq, chain)
);

-- ---------------------------------------------------------------------------------------------------------------------
-- Read models whose state decides: changed in the ingest transaction, in the version that is active
-- ---------------------------------------------------------------------------------------------------------------------

-- Which version of a projection is read, and which is being built beside it.
create table projection_version (
    tenant_id  uuid not null references tenant (tenant_id),
    projection text collate "C" not null,                        -- stock, deliveries, invoices, entities, quarantine; reporting has its own
    version    int not null check (version > 0),
    state      text not null check (state in ('active', 'building', 'retired')),
    primary key (tenant_id, projection, version)
);
create unique index projection_version_one_active on projection_version (tenant_id, projection) where state = 'active';

-- The rulebook in force at the next position: the last RULEBOOK_ADOPTED.
create table rulebook (
    tenant_id uuid primary key references tenant (tenant_id),
    position  bigint not null,
    book      json not null
);

-- Projection `stock`. Numbers keep the digits they were computed with (numeric keeps its scale), and lots are text in our own order:
-- a rebuild gives the same bytes.
create table stock_item (
    tenant_id      uuid not null,
    version        int not null,
    site_id        uuid not null,                    -- nil: the tenant's own stock
    product        text collate "C" not null,
    position       bigint not null,
    backordered numeric not null,                 -- sold below zero and not yet paid by a new lot
    last_cost      numeric,
    taken_quantity numeric not null,
    taken_cost     numeric not null,
    lots           json not null,                    -- oldest first: [{position, line, received_at, quantity, unit_cost, lot}]
    primary key (tenant_id, version, site_id, product)
) with (fillfactor = 70);

-- What each sale took, at cost: what its refund gives back. One row per sale: a real invoice has a thousand lines.
create table stock_taken (
    tenant_id uuid not null,
    version   int not null,
    site_id   uuid not null,
    sale      text collate "C" not null,
    lines     json not null,                         -- {product: [quantity, cost]}
    primary key (tenant_id, version, site_id, sale)
);

-- Proposed counts beside what central held at their position.
create table stock_count (
    tenant_id uuid not null,
    version   int not null,
    event_id  uuid not null,
    site_id   uuid not null,
    lines     json not null,                         -- {product: [held, counted]}
    accepted  boolean not null,
    primary key (tenant_id, version, event_id)
);

-- Projection `deliveries`.
create table delivery (
    tenant_id          uuid not null,
    version            int not null,
    delivery_id        text collate "C" not null,
    position           bigint not null,
    reference          text collate "C" not null,
    client             text not null,
    total_minor        bigint,
    qr                 text,
    assigned_to        text,
    validated_event    uuid,                         -- the first accepted validation; absent until there is one
    validated_by       text,
    validated_node     uuid,
    validated_at       timestamptz,
    validated_place    text,                         -- latitude,longitude
    validated_position bigint,
    signature_hash     text,
    primary key (tenant_id, version, delivery_id)
);

-- Projection `invoices`.
create table invoice (
    tenant_id             uuid not null,
    version               int not null,
    invoice_id            text collate "C" not null,
    position              bigint not null,
    event_id              uuid not null,
    site_id               uuid not null,             -- nil: the tenant's own series
    client                text not null,
    currency              text not null,
    total_minor           bigint not null,
    due_on                text,
    reference             text collate "C" not null,
    provisional_reference text collate "C",
    credit_note           text,
    primary key (tenant_id, version, invoice_id)
);
create index invoice_by_reference on invoice (tenant_id, version, reference);
create index invoice_by_provisional_reference on invoice (tenant_id, version, provisional_reference)
    where provisional_reference is not null;

-- The last number given in each series: gapless, because it is raised in the transaction that stores the invoice.
create table invoice_series (
    tenant_id   uuid not null,
    version     int not null,
    document    text collate "C" not null check (document in ('invoice', 'credit_note')),
    site_id     uuid not null,
    year        smallint not null,
    last_number bigint not null,
    primary key (tenant_id, version, document, site_id, year)
);

-- Projection `entities`: everything that is made of fields, clients and products among them.
create table entity (
    tenant_id      uuid not null,
    version        int not null,
    entity_type    text collate "C" not null,
    entity_id      text collate "C" not null,
    entity_version bigint not null,                  -- position of the last accepted change; 0: only an open conflict knows of it
    deleted        boolean not null,
    fields         json not null,                    -- text as the writers sent it: judged by its text
    provenance     json not null,                    -- who wrote each field, created, deleted, changed it last
    open_conflicts json not null,                    -- {node: event}
    primary key (tenant_id, version, entity_type, entity_id)
);

-- Projection `quarantine`: what could be read and was set apart. The event itself stands in the log.
create table quarantine (
    tenant_id uuid not null,
    version   int not null,
    event_id  uuid not null,
    position  bigint not null,
    released  boolean not null,
    primary key (tenant_id, version, event_id)
);

-- ---------------------------------------------------------------------------------------------------------------------
-- Who may do what
-- ---------------------------------------------------------------------------------------------------------------------

-- Row-level security, forced: the owner obeys too. The setting is empty, not null, on a recycled connection, hence nullif; the
-- subselect makes Postgres read it once per statement rather than once per row.
do $$
declare
    name text;
begin
    foreach name in array array[
        'tenant', 'site', 'node', 'api_key', 'reader', 'refusal', 'tenant_head', 'node_head', 'event', 'ingest_batch',
        'fork_record', 'projection_version', 'rulebook', 'stock_item', 'stock_taken', 'stock_count', 'delivery', 'invoice',
        'invoice_series', 'entity', 'quarantine'
    ] loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format(
            'create policy one_tenant on %I to comptoir_service, comptoir_owner '
            'using (tenant_id = (select nullif(current_setting(''app.tenant'', true), '''')::uuid))', name);
    end loop;

    -- A reading role sees the tenants it was given, whatever it sets.
    foreach name in array array[
        'tenant', 'site', 'tenant_head', 'projection_version', 'stock_item', 'delivery', 'invoice', 'entity'
    ] loop
        execute format(
            'create policy own_tenants on %I for select to comptoir_readonly '
            'using (tenant_id = any (array(select r.tenant_id from reader r where r.role_name = current_user)))', name);
        execute format('grant select on %I to comptoir_readonly', name);
    end loop;

    -- The watcher sees how far everyone is, and no event.
    foreach name in array array['tenant', 'tenant_head', 'node_head', 'projection_version'] loop
        execute format('create policy every_tenant on %I for select to comptoir_watcher using (true)', name);
        execute format('grant select on %I to comptoir_watcher', name);
    end loop;
end $$;

create policy own_rows on reader for select to comptoir_readonly using (role_name = current_user);
grant select on reader to comptoir_readonly;

-- The log only grows.
grant select, insert on event, ingest_batch, fork_record to comptoir_service;
-- Identity and heads move on; nothing is deleted.
grant select, insert on central_meta, tenant, site to comptoir_service;
grant select, insert, update on node, api_key, reader, refusal, tenant_head, node_head, projection_version, rulebook
    to comptoir_service;
-- Read models can be thrown away: the log makes them again.
grant select, insert, update, delete on
    stock_item, stock_taken, stock_count, delivery, invoice, invoice_series, entity, quarantine to comptoir_service;
