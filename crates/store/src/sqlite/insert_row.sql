insert or ignore into ledger (
    request_id, arrived_at, key, dialect, streamed, model_asked, provider, model, provider_request_id, input,
    cache_read, cache_write_5m, cache_write_1h, output, reasoning, usage_is_estimated, cost, status, outcome, attempts, queued_ms,
    first_byte_ms, total_ms
) values (
    :request_id, :arrived_at, :key, :dialect, :streamed, :model_asked, :provider, :model, :provider_request_id, :input,
    :cache_read, :cache_write_5m, :cache_write_1h, :output, :reasoning, :usage_is_estimated, :cost, :status, :outcome, :attempts,
    :queued_ms, :first_byte_ms, :total_ms
)
