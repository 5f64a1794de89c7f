insert into delivery (tenant_id, version, delivery_id, position, reference, client, total_minor, qr, assigned_to, validated_event,
                      validated_by, validated_node, validated_at, validated_place, validated_position, signature_hash)
select h.tenant_id, $2, unnest($3::text[]), unnest($4::bigint[]), unnest($5::text[]), unnest($6::text[]),
       unnest($7::bigint[]), unnest($8::text[]), unnest($9::text[]), unnest($10::uuid[]), unnest($11::text[]),
       unnest($12::uuid[]), unnest($13::timestamptz[]), unnest($14::text[]), unnest($15::bigint[]), unnest($16::text[])
from tenant_head h
where h.tenant_id = $1
on conflict (tenant_id, version, delivery_id) do update
set position = excluded.position, reference = excluded.reference, client = excluded.client, total_minor = excluded.total_minor,
    qr = excluded.qr, assigned_to = excluded.assigned_to, validated_event = excluded.validated_event,
    validated_by = excluded.validated_by, validated_node = excluded.validated_node, validated_at = excluded.validated_at,
    validated_place = excluded.validated_place, validated_position = excluded.validated_position,
    signature_hash = excluded.signature_hash
