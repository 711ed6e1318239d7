with added as (
    insert into adjustments (id, at, provider, model, cost, reason) values ($1, $2, $3, $4, $5, $6)
    on conflict (id) do nothing
    returning *
)
insert into usage_by_day (
    day, organisation, team, project, key, provider, model, endpoint, tier,
    requests, input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, audio_input, audio_output, image_output, web_searches, cost, unpriced, estimated, correction
)
select
    at / 86400000, '', '', '', '', provider, model, '', '',
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, cost
from added
on conflict (day, organisation, team, project, key, provider, model, endpoint, tier) do update set
    correction = usage_by_day.correction + excluded.correction
