select i.*
from unnest($3::text[]) as k (invoice_id)
cross join lateral (
    select i.invoice_id, i.position, i.event_id, i.site_id, i.client, i.currency, i.total_minor, i.due_on, i.reference,
           i.provisional_reference, i.credit_note
    from invoice i
    where i.tenant_id = $1 and i.version = $2 and i.invoice_id = k.invoice_id
    offset 0
) i
