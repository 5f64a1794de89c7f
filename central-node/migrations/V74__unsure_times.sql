-- Which lines stand on a day that is only the nearest that does not contradict the log: the clock that stamped the event was wrong, or the
-- time given for it lay in the future. What was projected before knows nothing of it.
alter table sales_line add column time_unsure boolean not null default false;
