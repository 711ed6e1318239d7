-- Only rows that were not there come out of the first part, so that a day counts each once. Days are locked in one order, or two nodes
-- could wait for each other.
with added as (
    insert into ledger (
        request_id, part, arrived_at, key, organisation, team, project, tags, endpoint, dialect, streamed, model_asked, provider, model,
        provider_request_id, input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, audio_input, audio_output, image_output,
        web_searches, tier, usage_is_estimated, cost, status, outcome, attempts, queued_ms, first_byte_ms, total_ms, traits, price_source
    )
    select
        request_id, part, arrived_at, key, organisation, team, project, tags::jsonb, endpoint, dialect, streamed, model_asked, provider, model,
        provider_request_id, input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, audio_input, audio_output, image_output,
        web_searches, tier, usage_is_estimated, cost, status, outcome, attempts, queued_ms, first_byte_ms, total_ms, traits::jsonb, price_source
    from unnest(
        $1::text[], $2::int[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::bool[],
        $12::text[], $13::text[], $14::text[], $15::text[], $16::bigint[], $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[],
        $21::bigint[], $22::bigint[], $23::bigint[], $24::bigint[], $25::bigint[], $26::text[], $27::bool[], $28::bigint[], $29::int[],
        $30::text[], $31::bigint[], $32::bigint[], $33::bigint[], $34::bigint[], $35::text[], $36::text[]
    ) as new (
        request_id, part, arrived_at, key, organisation, team, project, tags, endpoint, dialect, streamed, model_asked, provider, model,
        provider_request_id, input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, audio_input, audio_output, image_output,
        web_searches, tier, usage_is_estimated, cost, status, outcome, attempts, queued_ms, first_byte_ms, total_ms, traits, price_source
    )
    order by request_id, part
    on conflict (request_id, part) do nothing
    returning *
)
insert into usage_by_day (
    day, organisation, team, project, key, provider, model, endpoint, tier,
    requests, input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, audio_input, audio_output, image_output, web_searches, cost, unpriced, estimated, correction
)
select
    arrived_at / 86400000, organisation, team, project, key, provider, model, endpoint, tier,
    count(*) filter (where part = 0),
    sum(input),
    sum(cache_read),
    sum(cache_write_5m),
    sum(cache_write_1h),
    sum(output),
    sum(reasoning),
    sum(audio_input),
    sum(audio_output),
    sum(image_output),
    sum(web_searches),
    coalesce(sum(cost), 0),
    count(*) filter (where cost is null),
    count(*) filter (where usage_is_estimated),
    0
from added
group by 1, 2, 3, 4, 5, 6, 7, 8, 9
order by 1, 2, 3, 4, 5, 6, 7, 8, 9
on conflict (day, organisation, team, project, key, provider, model, endpoint, tier) do update set
    requests = usage_by_day.requests + excluded.requests,
    input = usage_by_day.input + excluded.input,
    cache_read = usage_by_day.cache_read + excluded.cache_read,
    cache_write_5m = usage_by_day.cache_write_5m + excluded.cache_write_5m,
    cache_write_1h = usage_by_day.cache_write_1h + excluded.cache_write_1h,
    output = usage_by_day.output + excluded.output,
    reasoning = usage_by_day.reasoning + excluded.reasoning,
    audio_input = usage_by_day.audio_input + excluded.audio_input,
    audio_output = usage_by_day.audio_output + excluded.audio_output,
    image_output = usage_by_day.image_output + excluded.image_output,
    web_searches = usage_by_day.web_searches + excluded.web_searches,
    cost = usage_by_day.cost + excluded.cost,
    unpriced = usage_by_day.unpriced + excluded.unpriced,
    estimated = usage_by_day.estimated + excluded.estimated,
    correction = usage_by_day.correction + excluded.correction
