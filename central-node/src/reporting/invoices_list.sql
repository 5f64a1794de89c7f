select *
from invoice
where tenant_id = $1 and version = $2
  and ($3::uuid is null or site_id = $3)
  and ($4::text is null or reference = $4 or provisional_reference = $4 or credit_note = $4)
  and ($5::text is null or invoice_id collate "C" > $5::text collate "C")
order by invoice_id collate "C"
limit $6
