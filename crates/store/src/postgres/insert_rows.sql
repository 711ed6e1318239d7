insert into ledger (
    request_id, part, arrived_at, key, organisation, team, project, tags, endpoint, dialect, streamed, model_asked, provider, model,
    provider_request_id, input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, audio_input, audio_output, image_output,
    web_searches, tier, usage_is_estimated, cost, status, outcome, attempts, queued_ms, first_byte_ms, total_ms, traits
)
select
    request_id, part, arrived_at, key, organisation, team, project, tags::jsonb, endpoint, dialect, streamed, model_asked, provider, model,
    provider_request_id, input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, audio_input, audio_output, image_output,
    web_searches, tier, usage_is_estimated, cost, status, outcome, attempts, queued_ms, first_byte_ms, total_ms, traits::jsonb
from unnest(
    $1::text[], $2::int[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::bool[],
    $12::text[], $13::text[], $14::text[], $15::text[], $16::bigint[], $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[],
    $21::bigint[], $22::bigint[], $23::bigint[], $24::bigint[], $25::bigint[], $26::text[], $27::bool[], $28::bigint[], $29::int[],
    $30::text[], $31::bigint[], $32::bigint[], $33::bigint[], $34::bigint[], $35::text[]
) as new (
    request_id, part, arrived_at, key, organisation, team, project, tags, endpoint, dialect, streamed, model_asked, provider, model,
    provider_request_id, input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, audio_input, audio_output, image_output,
    web_searches, tier, usage_is_estimated, cost, status, outcome, attempts, queued_ms, first_byte_ms, total_ms, traits
)
order by request_id, part
on conflict (request_id, part) do nothing
