-- An invoice is written once; a cancellation adds its credit note.
insert into invoice (tenant_id, version, invoice_id, position, event_id, site_id, client, currency, total_minor, due_on, reference,
                     provisional_reference, credit_note)
select h.tenant_id, $2, unnest($3::text[]), unnest($4::bigint[]), unnest($5::uuid[]), unnest($6::uuid[]),
       unnest($7::text[]), unnest($8::text[]), unnest($9::bigint[]), unnest($10::text[]), unnest($11::text[]),
       unnest($12::text[]), unnest($13::text[])
from tenant_head h
where h.tenant_id = $1
on conflict (tenant_id, version, invoice_id) do update set position = excluded.position, credit_note = excluded.credit_note
