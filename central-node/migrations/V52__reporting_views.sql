-- What head office reads with any tool that speaks SQL. The views run as whoever asks (security_invoker), so row-level security holds:
-- a reading role sees the tenants that the table `reader` gives it, and nothing it could choose itself.

create schema reporting;
grant usage on schema reporting to comptoir_readonly;

-- The views need a few more tables than the reports. Of the log a reader sees what happened and what was decided, no record and no payload.
do $$
declare
    name text;
begin
    foreach name in array array['node', 'node_head', 'event'] loop
        execute format(
            'create policy own_tenants on %I for select to comptoir_readonly '
            'using (tenant_id = any (array(select r.tenant_id from reader r where r.role_name = current_user)))', name);
    end loop;
end $$;
grant select (tenant_id, node_id, site_id, name, created_at) on node to comptoir_readonly;
grant select on node_head to comptoir_readonly;
grant select (tenant_id, position, event_id, node_id, epoch, node_seq, entity_type, entity_id, action, verdict, code,
              occurred_at, effective_at, received_at) on event to comptoir_readonly;

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

-- One view per key. `quantity` is what was sold less what came back; an event of three lines is one sale.
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
       lots.quantity - i.backordered as quantity, i.backordered, lots.value, t.currency, i.taken_quantity, i.taken_cost, i.last_cost, i.position
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

-- How fresh each node's part of the figures is. A node that never pushed has no head.
create view reporting.sync with (security_invoker = true) as
select n.tenant_id, n.node_id, n.name, n.site_id, s.code as site_code, h.epoch, h.last_seq, h.frozen, h.last_push_at,
       now() - h.last_push_at as since_last_push, t.head as tenant_head
from node n
left join site s on s.tenant_id = n.tenant_id and s.site_id = n.site_id
left join lateral (
    select * from node_head where tenant_id = n.tenant_id and node_id = n.node_id order by epoch desc limit 1
) h on true
left join tenant_head t on t.tenant_id = n.tenant_id;

grant select on all tables in schema reporting to comptoir_readonly;
