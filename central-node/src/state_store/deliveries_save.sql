insert into delivery (tenant_id, version, delivery_id, position, reference, client, total_minor, qr, assigned_to, validated_event,
                      validated_by, validated_node, validated_at, validated_place, validated_position, signature_hash)
select $1, $2, r.delivery_id, r.position, r.reference, r.client, r.total_minor, r.qr, r.assigned_to, r.validated_event,
       r.validated_by, r.validated_node, r.validated_at, r.validated_place, r.validated_position, r.signature_hash
from unnest($3::text[], $4::bigint[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::text[], $10::uuid[], $11::text[],
            $12::uuid[], $13::timestamptz[], $14::text[], $15::bigint[], $16::text[])
     as r (delivery_id, position, reference, client, total_minor, qr, assigned_to, validated_event, validated_by, validated_node,
           validated_at, validated_place, validated_position, signature_hash)
on conflict (tenant_id, version, delivery_id) do update
set position = excluded.position, reference = excluded.reference, client = excluded.client, total_minor = excluded.total_minor,
    qr = excluded.qr, assigned_to = excluded.assigned_to, validated_event = excluded.validated_event,
    validated_by = excluded.validated_by, validated_node = excluded.validated_node, validated_at = excluded.validated_at,
    validated_place = excluded.validated_place, validated_position = excluded.validated_position,
    signature_hash = excluded.signature_hash
