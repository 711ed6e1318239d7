-- Which price list a row's cost is by, or why it has none; empty in rows of before.
alter table ledger add column price_source text not null default '';

drop view entries;

create view entries as
select
    arrived_at, organisation, team, project, key, provider, model, endpoint, tier, outcome, price_source, tags,
    (part = 0)::int as requests, input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, audio_input, audio_output, image_output, web_searches,
    coalesce(cost, 0) as cost, (cost is null)::int as unpriced, (usage_is_estimated)::int as estimated, 0 as correction
from ledger
union all
select
    at, '', '', '', '', provider, model, '', '', '', '', '{}'::jsonb,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, cost
from adjustments
