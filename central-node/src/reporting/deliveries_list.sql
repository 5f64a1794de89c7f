select *
from delivery
where tenant_id = $1 and version = $2
  and ($3::text is null or reference = $3)
  and ($4::text is null or delivery_id collate "C" > $4::text collate "C")
order by delivery_id collate "C"
limit $5
