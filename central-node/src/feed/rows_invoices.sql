select i.*
from unnest($3::text[]) as k (invoice_id)
cross join lateral (
    select i.*
    from invoice i
    where i.tenant_id = $1 and i.version = $2 and i.invoice_id = k.invoice_id
    offset 0
) i
