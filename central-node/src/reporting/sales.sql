-- The sales report: one row per key and currency. `{key}` is one of a fixed list of expressions, never a caller's text. An
-- event with three lines is one sale, so lines are grouped by event first, then by key. `sum` of numeric is exact.
with event_line as (
    select {key} as key, currency, kind, position,
           count(*) as lines, sum(quantity) as quantity, sum(amount) as amount, sum(amount_minor) as amount_minor,
           bool_or(time_unsure) as time_unsure
    from sales_line
    where tenant_id = $1 and version = $2
      and position > $12                                   -- what an earlier answer has already
      and position <= $3                                   -- complete up to here, whatever the runner adds meanwhile
      and ($4::text is null or day >= $4::text::date)
      and ($5::text is null or day <= $5::text::date)
      and ($6::uuid is null or site_id = $6)
      and ($7::text is null or currency = $7)
    group by 1, 2, 3, 4
)
select key, currency,
       count(*) filter (where kind = 'SALE')       as sales,
       count(*) filter (where kind = 'REFUND')     as refunds,
       count(*) filter (where kind = 'WRITE_OFF')  as write_offs,
       count(*) filter (where kind = 'ADJUSTMENT') as adjustments,
       sum(lines)::bigint                          as lines,
       -- Sold minus returned: a refund's quantity is negative.
       trim_scale(coalesce(sum(quantity) filter (where kind in ('SALE', 'REFUND')), 0))::text as quantity,
       trim_scale(coalesce(sum(quantity) filter (where kind = 'WRITE_OFF'), 0))::text         as written_off,
       trim_scale(coalesce(sum(quantity) filter (where kind = 'ADJUSTMENT'), 0))::text        as adjusted,
       -- As text: a sum of 64-bit amounts may need more than 64 bits.
       sum(amount_minor)::text                     as amount_minor,
       trim_scale(sum(amount))::text               as amount,
       count(*) filter (where time_unsure)         as time_unsure
from event_line
-- A page begins after the last key and currency shown; unknown keys sort first.
where not $8::boolean
   or (key is not null, coalesce(key, ''), currency) > ($9::text is not null, coalesce($9::text, ''), $10::text)
group by key, currency
order by key nulls first, currency
limit $11
