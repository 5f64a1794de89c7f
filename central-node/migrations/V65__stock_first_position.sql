-- Where a stock item came to be: a device that was not given it before is given it as new. Items from before this column stand at the
-- tenant's first position, so that whoever loads for the first time is given them as new and nobody else is; a rebuild finds their own.
alter table stock_item add column first_position bigint not null default 1;
