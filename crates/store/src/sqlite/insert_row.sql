insert or ignore into ledger (
    request_id, part, arrived_at, key, organisation, team, project, tags, endpoint, dialect, streamed, model_asked, provider, model,
    provider_request_id, input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, audio_input, audio_output, image_output,
    web_searches, tier, usage_is_estimated, cost, status, outcome, attempts, queued_ms, first_byte_ms, total_ms, traits
) values (
    :request_id, :part, :arrived_at, :key, :organisation, :team, :project, :tags, :endpoint, :dialect, :streamed, :model_asked,
    :provider, :model, :provider_request_id, :input, :cache_read, :cache_write_5m, :cache_write_1h, :output, :reasoning, :audio_input,
    :audio_output, :image_output, :web_searches, :tier, :usage_is_estimated, :cost, :status, :outcome, :attempts, :queued_ms,
    :first_byte_ms, :total_ms, :traits
)
