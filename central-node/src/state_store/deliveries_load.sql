select d.*
from unnest($3::text[]) as k (delivery_id)
cross join lateral (
    select d.delivery_id, d.position, d.reference, d.client, d.total_minor, d.qr, d.assigned_to, d.validated_event, d.validated_by,
           d.validated_node, d.validated_at, d.validated_place, d.validated_position, d.signature_hash
    from delivery d
    where d.tenant_id = $1 and d.version = $2 and d.delivery_id = k.delivery_id
    offset 0
) d
