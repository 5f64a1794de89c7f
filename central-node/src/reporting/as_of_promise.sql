-- "As of a time" later than anything received is a promise: nothing may be received at or before it any more. Ingest gives each event a
-- receipt after this one, under the same row's lock; so does another central whose clock is behind ours.
update tenant_head set last_received_at = greatest(last_received_at, $2) where tenant_id = $1
returning head
