-- The schema. README.md states its rules; tests/central/schema.rs checks them against the catalog.
-- Runs as comptoir_owner. The roles come from src/database/roles.sql, which a superuser runs first.

-- ---------------------------------------------------------------------------------------------------------------------
-- This central
-- ---------------------------------------------------------------------------------------------------------------------

-- The identity of this central, and the key that signs receipts. One row; it belongs to no tenant.
create table central_meta (
    only_row    boolean primary key default true check (only_row),
    incarnation uuid not null,                       -- a new one after a restore: nodes then compare what they hold
    signing_key bytea not null check (length(signing_key) = 32),
    created_at  timestamptz not null default now()
);

-- Keys that sign access tokens. They belong to no tenant: one central signs for all, and publishes the public halves. Only the
-- service may read this table (docs/adr/0033).
create table token_key (
    kid        text collate "C" primary key,
    seed       bytea not null check (length(seed) = 32),
    created_at timestamptz not null,
    retires_at timestamptz                           -- null: signs, or is the next to; else until when its tokens are accepted
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
    -- The nil id means "the tenant's own" in the keys of stock and series, so no site may have it.
    site_id    uuid not null check (site_id <> '00000000-0000-0000-0000-000000000000'),
    code       text collate "C" not null check (code ~ '^[A-Z0-9]{1,12}$'),   -- printed in invoice references: never changed
    name       text not null,
    created_at timestamptz not null default now(),
    primary key (tenant_id, site_id),
    constraint site_code_once unique (tenant_id, code)
);

-- The names and addresses that central's certificate authority signs for the nodes of a site.
create table site_name (
    tenant_id  uuid not null,
    site_id    uuid not null,
    name       text collate "C" not null check (length(name) between 1 and 253),
    created_at timestamptz not null default now(),
    primary key (tenant_id, site_id, name),
    constraint site_name_of_site foreign key (tenant_id, site_id) references site (tenant_id, site_id)
);

create table node (
    tenant_id  uuid not null references tenant (tenant_id),
    node_id    uuid not null,
    site_id    uuid,                                 -- absent: central's own node
    name       text not null,
    public_key bytea check (length(public_key) = 32),             -- pinned by the node's first EPOCH_OPENED
    created_at timestamptz not null default now(),
    revoked_at       timestamptz,
    revoked_position bigint,                         -- of the event that revoked it: nothing later of its log takes effect
    wiped_at         timestamptz,                    -- when central received the proof
    wipe_proof       json,                           -- as the node signed it
    constraint node_revoked_whole check ((revoked_at is null) = (revoked_position is null)),
    constraint node_wiped_whole check ((wiped_at is null) = (wipe_proof is null)),
    primary key (tenant_id, node_id),
    constraint node_of_site foreign key (tenant_id, site_id) references site (tenant_id, site_id)
);

-- Credentials: a node's API key, or an administrator's token. A credential's text contains its tenant, so that it can be
-- looked up under row-level security; only a hash of its secret is stored.
create table api_key (
    tenant_id   uuid not null references tenant (tenant_id),
    key_id      text collate "C" not null,
    secret_hash bytea not null check (length(secret_hash) = 32),
    scope       text not null check (scope in ('node', 'admin')),
    node_id     uuid,
    label       text not null,
    created_at  timestamptz not null default now(),
    last_used_at timestamptz,                        -- to the minute: a use costs no write of its own
    expires_at  timestamptz,                         -- of a rotated key: until its holder has the new one
    replaced_by text collate "C",                    -- the key that takes its place
    revoked_at  timestamptz,
    primary key (tenant_id, key_id),
    constraint api_key_of_node foreign key (tenant_id, node_id) references node (tenant_id, node_id),
    constraint api_key_names_its_node check ((scope = 'node') = (node_id is not null))
);

-- Persons. Events name the id alone. Erasing a person empties the login, the name and the verifier, and keeps the row.
create table app_user (
    tenant_id   uuid not null references tenant (tenant_id),
    user_id     uuid not null,
    created_position bigint not null,                -- of the event that created the user
    login       text collate "C",                    -- lower case; what a person types
    name        text,
    verifier    text,                                -- argon2id, in PHC form; null until a password is set
    created_at  timestamptz not null,
    disabled_at timestamptz,
    erased_at   timestamptz,
    primary key (tenant_id, user_id),
    constraint app_user_login_once unique (tenant_id, login),
    constraint app_user_erased_whole check (
        (erased_at is null) = (login is not null)
        and (erased_at is null or (name is null and verifier is null and disabled_at is not null)))
);

-- Rights with their history: the next three tables follow from the IDENTITY_CHANGED events at these positions, and judge what
-- nodes recorded offline. A row begins with one event and ends with another; while it has no end, it is in force. Rows are never
-- deleted (docs/adr/0038).

-- When a user had no rights.
create table user_disabling (
    tenant_id     uuid not null,
    user_id       uuid not null,
    from_position bigint not null,
    to_position   bigint check (to_position >= from_position),
    primary key (tenant_id, user_id, from_position),
    constraint user_disabling_of_user foreign key (tenant_id, user_id) references app_user (tenant_id, user_id)
);
create unique index user_disabling_once on user_disabling (tenant_id, user_id) where to_position is null;

-- Which roles a user has, and where. The nil site means "every site of the tenant".
create table user_role (
    tenant_id     uuid not null,
    user_id       uuid not null,
    role          text collate "C" not null,
    site_id       uuid not null,
    from_position bigint not null,
    to_position   bigint check (to_position >= from_position),
    primary key (tenant_id, user_id, role, site_id, from_position),
    constraint user_role_of_user foreign key (tenant_id, user_id) references app_user (tenant_id, user_id)
);
create unique index user_role_once on user_role (tenant_id, user_id, role, site_id) where to_position is null;

-- What roles may do. `*` means any action or any entity type.
create table role_permission (
    tenant_id     uuid not null references tenant (tenant_id),
    role          text collate "C" not null,
    operation     text collate "C" not null,
    action        text collate "C" not null,
    entity_type   text collate "C" not null,
    scope         text collate "C" not null check (scope in ('own_site', 'tenant')),
    from_position bigint not null,
    to_position   bigint check (to_position >= from_position),
    primary key (tenant_id, role, operation, action, entity_type, from_position)
);
create unique index role_permission_once on role_permission (tenant_id, role, operation, action, entity_type)
    where to_position is null;

-- A code with which a user sets a password, once. Only its hash is stored. A new code replaces the old one.
create table one_time_link (
    tenant_id  uuid not null,
    user_id    uuid not null,
    code_hash  bytea not null check (length(code_hash) = 32),
    expires_at timestamptz not null,
    primary key (tenant_id, user_id),
    constraint one_time_link_of_user foreign key (tenant_id, user_id) references app_user (tenant_id, user_id)
);

-- A login and all refresh tokens that followed from it.
create table refresh_family (
    tenant_id  uuid not null,
    family_id  uuid not null,
    user_id    uuid not null,
    device     text,                                 -- as the client names it; a token is bound to it
    created_at timestamptz not null,
    expires_at timestamptz not null,                 -- absolute: refreshing does not extend it
    ended_at   timestamptz,
    end_reason text collate "C",
    primary key (tenant_id, family_id),
    constraint refresh_family_of_user foreign key (tenant_id, user_id) references app_user (tenant_id, user_id)
);
create index refresh_family_by_user on refresh_family (tenant_id, user_id) where ended_at is null;
create index refresh_family_by_expiry on refresh_family (tenant_id, expires_at);

-- Refresh tokens, as hashes of random secrets. A successor is derived from its predecessor's secret with central's key, so that
-- a client whose answer was lost gets the same one again.
create table refresh_token (
    tenant_id  uuid not null,
    token_hash bytea not null check (length(token_hash) = 32),
    family_id  uuid not null,
    rotated_at timestamptz,
    primary key (tenant_id, token_hash),
    constraint refresh_token_of_family foreign key (tenant_id, family_id)
        references refresh_family (tenant_id, family_id) on delete cascade
);
create index refresh_token_by_family on refresh_token (tenant_id, family_id);

-- Failed logins, by account and by address; whether an account exists makes no difference. Hashes, since people type passwords
-- into the wrong field.
create table login_failure (
    tenant_id    uuid not null references tenant (tenant_id),
    subject      bytea not null check (length(subject) = 32),
    failures     int not null,
    last_at      timestamptz not null,
    locked_until timestamptz not null,
    primary key (tenant_id, subject)
);
create index login_failure_by_time on login_failure (tenant_id, last_at);

-- Which tenants a database role may read: the login of a BI tool. Unlike a setting, a role cannot choose its tenant.
create table reader (
    tenant_id uuid not null,                         -- no foreign key: a distributed database keeps this table whole on every server
    role_name name not null,
    primary key (tenant_id, role_name)
);

-- How often a credential was refused, per error code, with the last detail.
create table refusal (
    tenant_id   uuid not null references tenant (tenant_id),
    key_id      text collate "C" not null,
    code        text collate "C" not null,
    times       bigint not null,
    last_at     timestamptz not null,
    last_detail text not null,
    signalled_at timestamptz not null,               -- the last security event about it: at most one a minute
    primary key (tenant_id, key_id, code)
);

-- How often each cause of a security event was seen. The events themselves are in the log.
create table security_signal (
    tenant_id uuid not null references tenant (tenant_id),
    signal_id uuid not null,                         -- the id of its event, derived from the cause
    kind      text collate "C" not null,
    times     bigint not null,
    last_at   timestamptz not null,
    recorded  boolean not null,                      -- whether its event is in the log
    primary key (tenant_id, signal_id)
);

-- Where each user, or each node without users, last validated or scanned a delivery. No decision depends on it.
create table last_place (
    tenant_id uuid not null references tenant (tenant_id),
    actor     text collate "C" not null,
    seen_at   timestamptz not null,
    latitude  int not null,                          -- in millionths of a degree
    longitude int not null,
    event_id  uuid not null,
    primary key (tenant_id, actor)
);

-- ---------------------------------------------------------------------------------------------------------------------
-- The log
-- ---------------------------------------------------------------------------------------------------------------------

-- Order is decided only here: each ingest transaction first locks its tenant's row, and raises it.
create table tenant_head (
    tenant_id        uuid primary key references tenant (tenant_id),
    head             bigint not null,                -- the last position given; count(event) = max(position) = head
    decision_chain   bytea not null,                 -- the chain after the decision at head
    last_received_at timestamptz not null,           -- received_at strictly increases
    identity_position bigint not null default 0,     -- of the last change of what a node knows of its users
    -- After a restore: decisions that could break a promise wait for the nodes in restore_window.
    restore_window_open boolean not null default false
) with (fillfactor = 50);                            -- room for HOT updates: the row changes with every batch

-- Each node's log as central holds it, one row per epoch. The highest epoch is the open one.
create table node_head (
    tenant_id    uuid not null,
    node_id      uuid not null,
    epoch        int not null,
    epoch_id     uuid not null,
    last_seq     bigint not null,
    last_chain   bytea not null,
    frozen       boolean not null default false,     -- after a fork: the epoch accepts no more records
    last_push_at timestamptz not null,
    primary key (tenant_id, node_id, epoch),
    constraint node_head_of_node foreign key (tenant_id, node_id) references node (tenant_id, node_id)
) with (fillfactor = 50);

-- Every record ever received, with its position and its decision. Never changed, never deleted. `record` and `decision`
-- contain the sealed bytes, which decide. The columns before them are copies for filters and indexes, and readers check them
-- against the bytes. Texts are compared bytewise, here and below, regardless of the database's locale.
create table event (
    tenant_id    uuid not null,
    position     bigint not null,
    node_seq     bigint not null,
    received_at  timestamptz not null,
    effective_at timestamptz not null,
    occurred_at  timestamptz,                        -- null where the record cannot be decoded, like entity and action
    event_id     uuid not null,                      -- derived from the chain where the record cannot be decoded
    node_id      uuid not null,
    epoch        int not null,
    entity_type  text collate "C",
    entity_id    text collate "C",
    action       text collate "C",
    site_id      uuid,                               -- null where the event belongs to no site
    verdict      text collate "C" not null,
    code         text collate "C",
    chain        bytea not null,                     -- the node's chain after this record
    decision     bytea not null,                     -- the stored decision's bytes
    record       bytea not null,                     -- the sealed bytes, as received
    constraint event_pkey primary key (tenant_id, position)
) with (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);

-- A lookup by key must use the primary key. While a table is empty, every index with the same first columns has the same cost
-- for the planner, and a lookup through another index reads all rows of the tenant. So each further index with these columns
-- is partial. Its own queries imply the condition (a comparison is never true of null); a lookup by key does not.

-- A second record at a known seq is a fork; ingest compares chains before it inserts.
create unique index event_one_per_seq on event (tenant_id, node_id, epoch, node_seq) where node_seq is not null;

-- An event id counts at most once. The same fact in another record is stored as DUPLICATE, other content as EVENT_ID_REUSED.
create unique index event_id_counts_once on event (tenant_id, event_id)
    where verdict <> 'DUPLICATE' and code is distinct from 'EVENT_ID_REUSED';

-- Events that wait for a person.
create index event_quarantined on event (tenant_id, position) where verdict = 'QUARANTINED';
create index event_quarantined_of_site on event (tenant_id, site_id, position) where verdict = 'QUARANTINED' and site_id is not null;

-- Releases and resolutions: few among many. Created before event_of_entity, since of two indexes with equal costs the planner
-- chooses the newer one.
create index event_notice on event (tenant_id, position) where action in ('QUARANTINE_RELEASED', 'CONFLICT_RESOLVED');

-- Security events.
create index event_security on event (tenant_id, position) where action = 'SECURITY_RECORDED' and verdict = 'ACCEPTED';

-- Audit entries in force.
create index event_audit_entry on event (tenant_id, position) where action = 'AUDIT_RECORDED' and verdict = 'ACCEPTED';

-- The history of an entity made of fields: its edits, resolutions and releases.
create index event_of_entity on event (tenant_id, entity_type, entity_id, position)
    where action in ('CREATE', 'UPDATE', 'DELETE', 'CONFLICT_RESOLVED', 'QUARANTINE_RELEASED');

-- Conflict resolutions in force.
create index event_resolution on event (tenant_id, position) where action = 'CONFLICT_RESOLVED' and verdict = 'ACCEPTED';
create index event_resolution_of_site on event (tenant_id, site_id, position)
    where action = 'CONFLICT_RESOLVED' and verdict = 'ACCEPTED' and site_id is not null;

-- The events of a conflict, by entity: resolutions, edits in conflict, and quarantined edits that may have been released.
create index event_resolution_of_entity on event (tenant_id, entity_type, entity_id, position)
    where action = 'CONFLICT_RESOLVED' and verdict = 'ACCEPTED';
create index event_in_conflict on event (tenant_id, entity_type, entity_id, position)
    where verdict = 'CONFLICT' and action in ('CREATE', 'UPDATE', 'DELETE');
create index event_quarantined_of_entity on event (tenant_id, entity_type, entity_id, position)
    where verdict = 'QUARANTINED' and action in ('CREATE', 'UPDATE', 'DELETE');

-- One row per push with new records, and per request to the write API.
create table ingest_batch (
    tenant_id           uuid not null,
    first_position      bigint not null,
    last_position       bigint not null,
    node_id             uuid not null,
    epoch               int not null,
    clock_offset_micros bigint not null,             -- the node's clock minus central's, when it sent the batch
    received_at         timestamptz not null,        -- of the record at last_position
    decision_chain      bytea not null,              -- the tenant's chain after last_position
    primary key (tenant_id, first_position)
);
-- "As of a time": the last position received by then lies in one batch.
create index ingest_batch_by_time on ingest_batch (tenant_id, received_at);

-- The branch of a fork that arrived second: stored, but never counted.
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

-- The versions of each projection: one is active and read, others are being built or retired.
create table projection_version (
    tenant_id   uuid not null references tenant (tenant_id),
    projection  text collate "C" not null,           -- stock, deliveries, invoices, entities, quarantine, sales
    version     int not null check (version > 0),
    state       text not null check (state in ('active', 'building', 'retired')),
    -- The position up to which this version is complete. An active deciding projection is complete to the head and leaves 0
    -- here.
    position    bigint not null default 0,
    -- The fence: raised by every new owner. An owner that finds another number here has lost the cursor and stops.
    owner_epoch bigint not null default 0,
    owner       uuid,
    -- Other processes do not try before this time. The lease saves work; only the fence separates two owners.
    owned_until timestamptz not null default '-infinity',
    primary key (tenant_id, projection, version)
) with (fillfactor = 50);                            -- room for HOT updates: a cursor moves with every batch
create unique index projection_version_one_active on projection_version (tenant_id, projection) where state = 'active';

-- The rulebook in force at the next position: the last RULEBOOK_ADOPTED.
create table rulebook (
    tenant_id uuid primary key references tenant (tenant_id),
    position  bigint not null,
    book      json not null
);

-- Projection `stock`. Numbers keep their computed digits (numeric keeps its scale), and lots are text in central's order, so
-- that a rebuild produces the same bytes.
create table stock_item (
    tenant_id      uuid not null,
    version        int not null,
    site_id        uuid not null,                    -- nil: the tenant's own stock
    product        text collate "C" not null,
    position       bigint not null,
    backordered    numeric not null,                 -- sold below zero and not yet covered by a new lot
    last_cost      numeric,
    consumed_quantity numeric not null,
    consumed_cost  numeric not null,
    lots           json not null,                    -- oldest first: [{position, line, received_at, quantity, unit_cost, lot}]
    first_position bigint not null,                  -- of the first event that moved the item
    primary key (tenant_id, version, site_id, product)
) with (fillfactor = 70);

-- The stock that each sale consumed, at cost: its refund returns it. One row per sale: a real invoice has a thousand lines.
create table stock_consumed (
    tenant_id uuid not null,
    version   int not null,
    site_id   uuid not null,
    sale      text collate "C" not null,
    lines     json not null,                         -- {product: [quantity, cost]}
    primary key (tenant_id, version, site_id, sale)
);

-- Proposed counts, with central's quantity at their position.
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
-- Invoices are searched by number, by provisional number or by their credit note's number. Each needs its own index, or the
-- planner uses none.
create index invoice_by_reference on invoice (tenant_id, version, reference) where reference is not null;
create index invoice_by_provisional_reference on invoice (tenant_id, version, provisional_reference)
    where provisional_reference is not null;
create index invoice_by_credit_note on invoice (tenant_id, version, credit_note) where credit_note is not null;

-- The last number assigned in each series: gapless, because it is raised in the transaction that stores the invoice. After a
-- restore, `skipped` lists the numbers below it that a node may still present as already assigned.
create table invoice_series (
    tenant_id   uuid not null,
    version     int not null,
    document    text collate "C" not null check (document in ('invoice', 'credit_note')),
    site_id     uuid not null,
    year        smallint not null,
    last_number bigint not null,
    skipped     bigint[] not null,
    primary key (tenant_id, version, document, site_id, year)
);

-- Projection `entities`: everything made of fields, such as clients and products.
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
    -- Position of the last opening or closing of one of its conflicts, else 0. Never the entity's version.
    conflicts_at   bigint not null,
    primary key (tenant_id, version, entity_type, entity_id)
);
-- Entities with an open conflict: few among many.
create index entity_in_conflict on entity (tenant_id, version, entity_type, entity_id) where open_conflicts::text <> '{}';

-- Sparse snapshots of entities: about one accepted change in 128 is stored with the state after it. A reader that needs an
-- earlier state starts from the last snapshot before it instead of reading the whole history.
create table entity_snapshot (
    tenant_id      uuid not null,
    version        int not null,
    entity_type    text collate "C" not null,
    entity_id      text collate "C" not null,
    entity_version bigint not null,                  -- the accepted change that led to this state
    deleted        boolean not null,
    fields         json not null,
    provenance     json not null,
    primary key (tenant_id, version, entity_type, entity_id, entity_version)
);

-- Projection `quarantine`: quarantined events that can be decoded. The event itself is in the log.
create table quarantine (
    tenant_id uuid not null,
    version   int not null,
    event_id  uuid not null,
    position  bigint not null,
    released  boolean not null,
    primary key (tenant_id, version, event_id)
);

-- Events that a projection could not apply, and the later events of their entities, which wait behind them.
create table projection_parked (
    tenant_id   uuid not null,
    projection  text collate "C" not null,
    version     int not null,
    position    bigint not null,
    entity_type text not null collate "C",
    entity_id   text not null collate "C",
    reason      text not null,
    parked_at   timestamptz not null default now(),
    primary key (tenant_id, projection, version, position)
);
create index projection_parked_by_entity on projection_parked (tenant_id, projection, version, entity_type, entity_id);

-- ---------------------------------------------------------------------------------------------------------------------
-- Pull: what changed after a position, for one site
-- ---------------------------------------------------------------------------------------------------------------------

-- Pull reads the read models in the order of their last change, bootstrap in the order of their keys.
create index entity_by_change on entity (tenant_id, version, entity_version) where entity_version is not null;
-- The same for nodes, which also receive open conflicts: an entity is ordered by the later of its last change and the last
-- opening or closing of a conflict.
create index entity_by_touch on entity (tenant_id, version, greatest(entity_version, conflicts_at))
    where greatest(entity_version, conflicts_at) is not null;
create index delivery_by_change on delivery (tenant_id, version, position) where position is not null;
-- A node sees only its own site's documents and stock. The site is the leading column, so that other sites' sales cost
-- nothing.
create index invoice_by_change on invoice (tenant_id, version, site_id, position) where position is not null;
create index invoice_of_site on invoice (tenant_id, version, site_id, invoice_id) where site_id is not null;
create index stock_by_change on stock_item (tenant_id, version, site_id, position) where position is not null;

-- Each node's last contact, with the offset of its clock.
create index ingest_batch_of_node on ingest_batch (tenant_id, node_id, first_position);

-- When a node last pulled, and the position it had received everything up to: written at most once a minute, so that idle
-- nodes cost no writes.
create table node_pull (
    tenant_id    uuid not null,
    node_id      uuid not null,
    last_pull_at timestamptz not null,
    pulled_to    bigint not null,
    primary key (tenant_id, node_id),
    constraint node_pull_of_node foreign key (tenant_id, node_id) references node (tenant_id, node_id)
) with (fillfactor = 50);

-- ---------------------------------------------------------------------------------------------------------------------
-- Signatures and photos
-- ---------------------------------------------------------------------------------------------------------------------

-- Files by the BLAKE3 of their bytes, in chunks. All chunks of a file are written in one transaction, so a file is stored
-- whole or not at all. Files are in the database so that every central process can read them and one backup contains the
-- events and the files they name.
create table blob (
    tenant_id uuid not null references tenant (tenant_id),
    hash      bytea not null check (length(hash) = 32),
    chunk     int not null check (chunk >= 0),
    bytes     bytea not null,
    primary key (tenant_id, hash, chunk)
);
-- Photos are already compressed. The storage must be set before the table is distributed.
alter table blob alter column bytes set storage external;

-- ---------------------------------------------------------------------------------------------------------------------
-- Projection `sales`
-- ---------------------------------------------------------------------------------------------------------------------

-- One row per line of an accepted sale, refund, write-off or adjustment. Rows are only added, so the lines up to a position
-- never change.

create table sales_line (
    tenant_id    uuid not null,
    version      int not null,
    position     bigint not null,                    -- of the event, or of the release that let it take effect
    line         int not null,                       -- which line of the event, from 0
    kind         text not null check (kind in ('SALE', 'REFUND', 'WRITE_OFF', 'ADJUSTMENT')),
    day          date not null,                      -- in the tenant's zone; never later than receipt
    site_id      uuid,
    product      text collate "C",
    country      text collate "C",
    customer     text collate "C",
    user_name    text collate "C",
    entity_id    text not null collate "C",
    quantity     numeric not null,                   -- negative for returned goods; positive for written-off goods
    amount       numeric not null,                   -- major units, tax included, unrounded; negative for refunded money
    amount_minor bigint not null,                    -- minor units, rounded as the line was printed
    currency     text not null collate "C",
    time_unsure  boolean not null,                   -- the day may be wrong, see the flags of the event
    primary key (tenant_id, version, position, line)
);
-- Reports filter by day, and lines are stored nearly in day order: block ranges need a few pages, a tree needs one entry per
-- line.
create index sales_line_by_day on sales_line using brin (tenant_id, version, day) with (autosummarize = on);

-- ---------------------------------------------------------------------------------------------------------------------
-- Devices and synchronisations
-- ---------------------------------------------------------------------------------------------------------------------

-- Devices of the mobile and the desktop contract have no chain: central has a node and a log for each, and seals their events
-- on arrival. One row per device, in addition to its row in `node`.
create table device (
    tenant_id        uuid not null,
    node_id          uuid not null,                    -- derived from the tenant and the device's name
    device           text not null collate "C",        -- device_id of the mobile contract, clientId of the desktop's
    contract         text collate "C" check (contract in ('mobile', 'desktop')),   -- null before its first synchronisation
    -- States that the device did not seal these records.
    sealed_by        text not null default 'central' check (sealed_by = 'central'),
    -- The position up to which it confirmed everything; null before its first pull.
    pulled_to        bigint,
    -- The last position that it was given, confirmed or not; null before its first pull and after a restore.
    given_to         bigint,
    -- The position up to which a device that reloads after a wipe also receives its own changes.
    reload_to        bigint not null default 0,
    -- A device that was given to a shop is sent all its rows once more. The other columns are of the last answer on that way:
    -- where it began, the time that the device had sent, the time that it was given, and whether the present was reached.
    resends          boolean not null default false,
    resend_from      bigint,
    resend_sent      timestamptz,
    resend_given     timestamptz,
    resend_is_last   boolean,
    -- The position up to which its first pull went, page by page: what it made until then it may have lost before.
    first_load_to    bigint not null default 0,
    -- Of a desktop, in JSON: when it was answered what. The base of its edits follows from it.
    answers          text not null default '{}',
    first_contact_at timestamptz not null default now(),
    last_contact_at  timestamptz not null default now(),
    -- Of a device that is enrolled to a user; all null for one that a program speaks for. An active device of a user has one of
    -- three slots.
    user_id          uuid,
    role             text collate "C",                 -- the only role that the device has of its user's
    public_key       bytea check (length(public_key) = 32),
    slot             smallint check (slot between 1 and 3),
    enrolled_at      timestamptz,
    seen_at          timestamptz,                      -- last contact with its user's token, by central's clock
    label            text,                             -- what people call it
    revoked_at       timestamptz,
    wiped_at         timestamptz,
    unsent           bigint check (unsent >= 0),       -- events that it destroyed unsent
    primary key (tenant_id, node_id),
    constraint device_is_a_node foreign key (tenant_id, node_id) references node (tenant_id, node_id),
    constraint device_of_user foreign key (tenant_id, user_id) references app_user (tenant_id, user_id),
    constraint device_enrolled_whole check (
        (user_id is null) = (public_key is null) and (user_id is null) = (role is null)
        and (user_id is null) = (enrolled_at is null) and (user_id is null) = (seen_at is null)),
    constraint device_slot_while_active check ((slot is not null) = (user_id is not null and revoked_at is null))
);
create unique index device_slot_once on device (tenant_id, user_id, slot) where slot is not null;

-- A code with which a user enrols one device, once. Only its hash is stored. `used_by` lets the device that used it ask again
-- after a lost answer.
create table device_enrolment (
    tenant_id  uuid not null,
    code_hash  bytea not null check (length(code_hash) = 32),
    user_id    uuid not null,
    site_id    uuid not null,
    role       text not null collate "C",
    expires_at timestamptz not null,
    used_by    uuid,
    primary key (tenant_id, code_hash),
    constraint device_enrolment_of_user foreign key (tenant_id, user_id) references app_user (tenant_id, user_id),
    constraint device_enrolment_at_site foreign key (tenant_id, site_id) references site (tenant_id, site_id)
);

-- How long an enrolled device was without contact, if it was longer than its user may work offline: what it recorded beyond that
-- is quarantined, whenever it arrives.
create table device_gap (
    tenant_id  uuid not null,
    node_id    uuid not null,
    started_at timestamptz not null,
    ended_at   timestamptz not null,
    primary key (tenant_id, node_id, started_at),
    constraint device_gap_of_device foreign key (tenant_id, node_id) references device (tenant_id, node_id)
);

-- Entities whose id at central differs from the id on the device that created them, because the device's id was in use or
-- invalid. The device has its entity under the new id from then on, so it may use its own id for another entity: `number` counts
-- these from 0.
create table device_id_map (
    tenant_id   uuid not null,
    node_id     uuid not null,
    entity_type text not null collate "C",
    client_id   text not null collate "C",
    number      int not null check (number >= 0),
    server_id   text not null collate "C",
    primary key (tenant_id, node_id, entity_type, client_id, number),
    constraint device_id_map_of_device foreign key (tenant_id, node_id) references device (tenant_id, node_id)
);

-- Events of phones whose payload did not fit its checksum: the same bytes a second time are refused for good. No decision
-- depends on it. The newest thousand of each device are kept.
create table device_checksum_failure (
    tenant_id uuid not null,
    node_id   uuid not null,
    failure   bytea not null check (length(failure) = 32),     -- hash of the event's id, payload and checksum as sent
    failed_at timestamptz not null,
    primary key (tenant_id, node_id, failure),
    constraint device_checksum_failure_of_device foreign key (tenant_id, node_id) references device (tenant_id, node_id)
);
create index device_checksum_failure_by_time on device_checksum_failure (tenant_id, node_id, failed_at)
    where failed_at is not null;

-- Rows that a desktop receives once more, although nobody else changed them: what it did may have left an older state in its
-- table. A row is due after a position, and deleted once the desktop has confirmed a later one.
create table device_resend (
    tenant_id   uuid not null,
    node_id     uuid not null,
    -- Of the event that made it due: the desktop's edit, or a resolution. Of a choice that was repeated, the next one after it.
    position    bigint not null,
    entity_type text not null collate "C",
    entity_id   text not null collate "C",
    primary key (tenant_id, node_id, position, entity_type, entity_id),
    constraint device_resend_of_device foreign key (tenant_id, node_id) references device (tenant_id, node_id)
);

-- Every synchronisation of a phone, a desktop or a node, successful or not, for audit, debugging and statistics. No decision
-- depends on it. Rows may be pruned by age.
create table sync_log (
    tenant_id           uuid not null references tenant (tenant_id),
    started_at          timestamptz not null,
    sync_id             uuid not null,
    client              text not null collate "C",     -- the device's name, or the node's id
    node_id             uuid,                          -- null where the request did not identify one
    contract            text not null collate "C" check (contract in ('mobile', 'desktop', 'native')),
    direction           text not null collate "C" check (direction in ('UP', 'DOWN')),
    batch_id            text,                          -- the client's name for it
    events_count        bigint not null,               -- received, or sent
    conflicts_count     bigint not null,
    failed_count        bigint not null,               -- neither accepted nor in conflict
    status              text not null collate "C" check (status in ('SUCCESS', 'PARTIAL', 'FAILED')),
    completed_at        timestamptz not null,
    clock_offset_micros bigint,                        -- the client's clock minus central's, where the request shows it
    error               text,
    primary key (tenant_id, started_at, sync_id)
);
create index sync_log_by_client on sync_log (tenant_id, client, started_at);

-- After a restore: the nodes that have not yet resent the decisions they had received. The last one closes the window.
create table restore_window (
    tenant_id uuid not null,
    node_id   uuid not null,
    since     timestamptz not null default now(),
    primary key (tenant_id, node_id),
    constraint restore_window_of_node foreign key (tenant_id, node_id) references node (tenant_id, node_id)
);

-- ---------------------------------------------------------------------------------------------------------------------
-- Reporting
-- ---------------------------------------------------------------------------------------------------------------------

-- Views for any tool that speaks SQL. They run as the role that queries them (security_invoker), so row-level security
-- applies: a reading role sees the tenants that the table `reader` lists for it, and cannot choose others.

create schema reporting;

-- ---------------------------------------------------------------------------------------------------------------------
-- Sales
-- ---------------------------------------------------------------------------------------------------------------------

create view reporting.sales_lines with (security_invoker = true) as
select l.tenant_id, l.position, l.line, l.kind, l.day, to_char(l.day, 'YYYY-MM') as month, l.site_id, s.code as site_code,
       l.product, l.country, l.customer, l.user_name, l.entity_id, l.quantity, l.amount, l.amount_minor, l.currency
from sales_line l
join projection_version v
    on v.tenant_id = l.tenant_id and v.projection = 'sales' and v.version = l.version and v.state = 'active'
left join site s on s.tenant_id = l.tenant_id and s.site_id = l.site_id;

-- One view per key. `quantity` is sold minus returned; an event with three lines is one sale.
do $$
declare
    by_key text[];
begin
    foreach by_key slice 1 in array array[
        ['day', 'day'], ['month', 'month'], ['site', 'site_id'], ['product', 'product'],
        ['country', 'country'], ['customer', 'customer'], ['user', 'user_name'], ['entity', 'entity_id']
    ] loop
        execute format($view$
            create view reporting.%I with (security_invoker = true) as
            select tenant_id, %2$I, currency,
                   count(distinct position) filter (where kind = 'SALE')       as sales,
                   count(distinct position) filter (where kind = 'REFUND')     as refunds,
                   count(distinct position) filter (where kind = 'WRITE_OFF')  as write_offs,
                   count(distinct position) filter (where kind = 'ADJUSTMENT') as adjustments,
                   count(*) as lines,
                   coalesce(sum(quantity) filter (where kind in ('SALE', 'REFUND')), 0) as quantity,
                   coalesce(sum(quantity) filter (where kind = 'WRITE_OFF'), 0)  as written_off,
                   coalesce(sum(quantity) filter (where kind = 'ADJUSTMENT'), 0) as adjusted,
                   sum(amount_minor) as amount_minor,
                   sum(amount) as amount
            from reporting.sales_lines
            group by tenant_id, %2$I, currency
            $view$, 'sales_by_' || by_key[1], by_key[2]);
    end loop;
end $$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Stock
-- ---------------------------------------------------------------------------------------------------------------------

-- The nil site is the tenant's own stock.
create view reporting.stock_lots with (security_invoker = true) as
select i.tenant_id, nullif(i.site_id, '00000000-0000-0000-0000-000000000000') as site_id, i.product,
       (lot ->> 'position')::bigint as position, (lot ->> 'line')::int as line, (lot ->> 'received_at')::timestamptz as received_at,
       (lot ->> 'quantity')::numeric as quantity, (lot ->> 'unit_cost')::numeric as unit_cost, lot ->> 'lot' as lot
from stock_item i
join projection_version v
    on v.tenant_id = i.tenant_id and v.projection = 'stock' and v.version = i.version and v.state = 'active'
cross join lateral json_array_elements(i.lots) as lot;

create view reporting.stock with (security_invoker = true) as
select i.tenant_id, nullif(i.site_id, '00000000-0000-0000-0000-000000000000') as site_id, s.code as site_code, i.product,
       lots.quantity - i.backordered as quantity, i.backordered, lots.value, t.currency,
       i.consumed_quantity, i.consumed_cost, i.last_cost, i.position
from stock_item i
join projection_version v
    on v.tenant_id = i.tenant_id and v.projection = 'stock' and v.version = i.version and v.state = 'active'
join tenant t on t.tenant_id = i.tenant_id
left join site s on s.tenant_id = i.tenant_id and s.site_id = i.site_id
cross join lateral (
    select coalesce(sum((lot ->> 'quantity')::numeric), 0) as quantity,
           coalesce(sum((lot ->> 'quantity')::numeric * (lot ->> 'unit_cost')::numeric), 0) as value
    from json_array_elements(i.lots) as lot
) lots;

-- ---------------------------------------------------------------------------------------------------------------------
-- Documents and master data
-- ---------------------------------------------------------------------------------------------------------------------

create view reporting.invoices with (security_invoker = true) as
select i.tenant_id, i.invoice_id, nullif(i.site_id, '00000000-0000-0000-0000-000000000000') as site_id, s.code as site_code,
       i.reference, i.provisional_reference, i.credit_note, i.client, i.currency, i.total_minor, i.due_on, i.event_id, i.position
from invoice i
join projection_version v
    on v.tenant_id = i.tenant_id and v.projection = 'invoices' and v.version = i.version and v.state = 'active'
left join site s on s.tenant_id = i.tenant_id and s.site_id = i.site_id;

create view reporting.deliveries with (security_invoker = true) as
select d.tenant_id, d.delivery_id, d.reference, d.client, d.total_minor, d.assigned_to,
       d.validated_event, d.validated_by, d.validated_node, d.validated_at, d.validated_place, d.position
from delivery d
join projection_version v
    on v.tenant_id = d.tenant_id and v.projection = 'deliveries' and v.version = d.version and v.state = 'active';

create view reporting.clients with (security_invoker = true) as
select e.tenant_id, e.entity_id as client_id, e.entity_version as version, e.deleted,
       e.fields ->> 'name' as name, e.fields
from entity e
join projection_version v
    on v.tenant_id = e.tenant_id and v.projection = 'entities' and v.version = e.version and v.state = 'active'
where e.entity_type = 'CLIENT' and e.entity_version > 0;

create view reporting.products with (security_invoker = true) as
select e.tenant_id, e.entity_id as product, e.entity_version as version, e.deleted,
       e.fields ->> 'name' as name, e.fields
from entity e
join projection_version v
    on v.tenant_id = e.tenant_id and v.projection = 'entities' and v.version = e.version and v.state = 'active'
where e.entity_type = 'PRODUCT' and e.entity_version > 0;

-- ---------------------------------------------------------------------------------------------------------------------
-- The log and the nodes
-- ---------------------------------------------------------------------------------------------------------------------

create view reporting.events with (security_invoker = true) as
select tenant_id, position, event_id, node_id, epoch, node_seq, entity_type, entity_id, action, verdict, code,
       occurred_at, effective_at, received_at
from event;

-- How current each node's figures are. A node that never pushed has no head.
create view reporting.sync with (security_invoker = true) as
select n.tenant_id, n.node_id, n.name, n.site_id, s.code as site_code, h.epoch, h.last_seq, h.frozen, h.last_push_at,
       now() - h.last_push_at as since_last_push, t.head as tenant_head
from node n
left join site s on s.tenant_id = n.tenant_id and s.site_id = n.site_id
left join lateral (
    select * from node_head where tenant_id = n.tenant_id and node_id = n.node_id order by epoch desc limit 1
) h on true
left join tenant_head t on t.tenant_id = n.tenant_id;

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

create view reporting.sync_log with (security_invoker = true) as
select tenant_id, sync_id, client, node_id, contract, direction, batch_id, events_count, conflicts_count, failed_count, status,
       started_at, completed_at, round(extract(epoch from completed_at - started_at) * 1000)::bigint as duration_ms,
       clock_offset_micros, error
from sync_log;

create view reporting.devices with (security_invoker = true) as
select d.tenant_id, d.node_id, d.device, d.contract, d.sealed_by, n.site_id, d.pulled_to, t.head as tenant_head,
       d.first_contact_at, d.last_contact_at, d.user_id, d.role, d.enrolled_at, d.revoked_at, d.wiped_at, d.unsent
from device d
join node n on n.tenant_id = d.tenant_id and n.node_id = d.node_id
left join tenant_head t on t.tenant_id = d.tenant_id;

-- ---------------------------------------------------------------------------------------------------------------------
-- Privileges and row-level security
-- ---------------------------------------------------------------------------------------------------------------------

-- The tenants that the current role may read. Names are qualified, so that a reader's temporary tables cannot replace these.
create function reader_tenants() returns uuid[] stable language sql as $$
    select array(select r.tenant_id from public.reader r where r.role_name operator(pg_catalog.=) current_user)
$$;

-- Row-level security is forced, so it applies to the owner too. On a recycled connection the setting is empty instead of
-- null, hence nullif. Policies have no sub-select, because a distributed table refuses them.
do $$
declare
    name text;
begin
    for name in
        select c.relname from pg_attribute a join pg_class c on c.oid = a.attrelid
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attname = 'tenant_id'
    loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format(
            'create policy one_tenant on %I to comptoir_service, comptoir_owner '
            'using (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)', name);
    end loop;

    -- A reading role sees the tenants that `reader` lists for it, regardless of its settings.
    foreach name in array array[
        'tenant', 'site', 'node', 'tenant_head', 'node_head', 'event', 'projection_version', 'stock_item', 'delivery', 'invoice',
        'entity', 'sales_line', 'device', 'sync_log'
    ] loop
        execute format(
            'create policy own_tenants on %I for select to comptoir_readonly using (tenant_id = any (reader_tenants()))', name);
    end loop;

    -- The watcher sees how far every tenant is, but no event.
    foreach name in array array['tenant', 'tenant_head', 'node_head', 'projection_version'] loop
        execute format('create policy every_tenant on %I for select to comptoir_watcher using (true)', name);
    end loop;
end $$;
create policy own_rows on reader for select to comptoir_readonly using (role_name = current_user);

-- The log only grows.
grant select, insert on event, ingest_batch, fork_record to comptoir_service;
-- Identities and heads are updated, never deleted.
grant select, insert on central_meta, tenant, site to comptoir_service;
grant select, insert, update, delete on token_key, one_time_link, refresh_family, login_failure, device_enrolment
    to comptoir_service;
grant select, insert, update on refresh_token, app_user, user_disabling, user_role, role_permission to comptoir_service;
grant select, insert, update on
    node, api_key, reader, refusal, security_signal, last_place, tenant_head, node_head, rulebook, node_pull, device
    to comptoir_service;
-- What an administrator allows may be taken away.
grant select, insert, delete on site_name to comptoir_service;
-- Read models may be deleted: the log can rebuild them.
grant select, insert, update, delete on
    projection_version, stock_item, stock_consumed, stock_count, delivery, invoice, invoice_series, entity, quarantine
    to comptoir_service;
-- A row of these never changes.
grant select, insert on blob, device_id_map, device_gap to comptoir_service;
grant select, insert, delete on
    entity_snapshot, sales_line, projection_parked, sync_log, restore_window, device_checksum_failure, device_resend
    to comptoir_service;

grant select on tenant, tenant_head, node_head, projection_version to comptoir_watcher;

-- A reader sees the events and decisions of the log, but no record or payload.
grant usage on schema reporting to comptoir_readonly;
grant select on all tables in schema reporting to comptoir_readonly;
grant select on
    tenant, site, reader, tenant_head, node_head, projection_version, stock_item, delivery, invoice, entity,
    sales_line, sync_log
    to comptoir_readonly;
grant select (tenant_id, node_id, site_id, name, created_at) on node to comptoir_readonly;
-- Not the label, in which people write names.
grant select (tenant_id, node_id, device, contract, sealed_by, pulled_to, first_contact_at, last_contact_at, user_id, role,
              enrolled_at, revoked_at, wiped_at, unsent) on device to comptoir_readonly;
grant select (tenant_id, position, event_id, node_id, epoch, node_seq, entity_type, entity_id, action, verdict, code,
              occurred_at, effective_at, received_at) on event to comptoir_readonly;
