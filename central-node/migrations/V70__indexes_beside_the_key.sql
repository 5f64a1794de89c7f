-- A look-up by key must take the primary key. While a table is empty, every index that begins with the tenant and the version looks as good
-- to the planner, and on equal costs it took the one made last: each key's look-up then read all rows of the tenant, until the table
-- was analysed for the first time. So an index beside the key states a condition that its own readers imply by what they ask
-- (a comparison is never true of null) and a look-up by key does not.
drop index entity_by_change;
create index entity_by_change on entity (tenant_id, version, entity_version) where entity_version is not null;
drop index entity_by_touch;
create index entity_by_touch on entity (tenant_id, version, greatest(entity_version, conflicts_at))
    where greatest(entity_version, conflicts_at) is not null;
drop index delivery_by_change;
create index delivery_by_change on delivery (tenant_id, version, position) where position is not null;
drop index invoice_by_change;
create index invoice_by_change on invoice (tenant_id, version, site_id, position) where position is not null;
drop index invoice_of_site;
create index invoice_of_site on invoice (tenant_id, version, site_id, invoice_id) where site_id is not null;
drop index stock_by_change;
create index stock_by_change on stock_item (tenant_id, version, site_id, position) where position is not null;

-- An invoice is looked for by its number, its provisional number or its credit note's: each needs its index, or none is of use.
drop index invoice_by_reference;
create index invoice_by_reference on invoice (tenant_id, version, reference) where reference is not null;
create index invoice_by_credit_note on invoice (tenant_id, version, credit_note) where credit_note is not null;

-- The log's: a constraint can state no condition, a unique index can.
alter table event drop constraint event_one_per_seq;
create unique index event_one_per_seq on event (tenant_id, node_id, epoch, node_seq) where node_seq is not null;
