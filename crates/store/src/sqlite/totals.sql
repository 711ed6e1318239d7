select
    provider,
    model,
    sum(part = 0) as requests,
    sum(input) as input,
    sum(cache_read) as cache_read,
    sum(cache_write_5m) as cache_write_5m,
    sum(cache_write_1h) as cache_write_1h,
    sum(output) as output,
    sum(reasoning) as reasoning,
    sum(audio_input) as audio_input,
    sum(audio_output) as audio_output,
    sum(image_output) as image_output,
    sum(web_searches) as web_searches,
    coalesce(sum(cost), 0) as cost,
    sum(cost is null) as unpriced
from ledger
group by provider, model
order by cost desc, provider, model
