-- An invoice is written once; a cancellation adds its credit note.
insert into invoice (tenant_id, version, invoice_id, position, event_id, site_id, client, currency, total_minor, due_on, reference,
                     provisional_reference, credit_note)
select $1, $2, r.invoice_id, r.position, r.event_id, r.site_id, r.client, r.currency, r.total_minor, r.due_on, r.reference,
       r.provisional_reference, r.credit_note
from unnest($3::text[], $4::bigint[], $5::uuid[], $6::uuid[], $7::text[], $8::text[], $9::bigint[], $10::text[], $11::text[],
            $12::text[], $13::text[])
     as r (invoice_id, position, event_id, site_id, client, currency, total_minor, due_on, reference, provisional_reference,
           credit_note)
on conflict (tenant_id, version, invoice_id) do update set position = excluded.position, credit_note = excluded.credit_note
