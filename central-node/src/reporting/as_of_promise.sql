-- A report "as of a time" after the last receipt needs a promise that nothing will be received at or before that time.
-- Ingest, under the same row's lock, gives each later event a receipt after it; so does another central whose clock is
-- behind.
update tenant_head set last_received_at = greatest(last_received_at, $2) where tenant_id = $1
returning head
