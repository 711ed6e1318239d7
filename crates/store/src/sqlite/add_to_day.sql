insert into usage_by_day (
    day, organisation, team, project, key, provider, model, endpoint, tier,
    requests, input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, audio_input, audio_output, image_output, web_searches, cost, unpriced, estimated, correction
) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24)
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
