insert or ignore into ledger (
    request_id, part, arrived_at, key, organisation, team, project, tags, endpoint, dialect, streamed, model_asked, provider, model,
    provider_request_id, input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, audio_input, audio_output, image_output,
    web_searches, tier, usage_is_estimated, cost, status, outcome, attempts, queued_ms, first_byte_ms, total_ms, traits, price_source
) values (
    ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
    ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36
)
