select
    provider,
    model,
    count(*) filter (where part = 0) as requests,
    sum(input)::bigint as input,
    sum(cache_read)::bigint as cache_read,
    sum(cache_write_5m)::bigint as cache_write_5m,
    sum(cache_write_1h)::bigint as cache_write_1h,
    sum(output)::bigint as output,
    sum(reasoning)::bigint as reasoning,
    sum(audio_input)::bigint as audio_input,
    sum(audio_output)::bigint as audio_output,
    sum(image_output)::bigint as image_output,
    sum(web_searches)::bigint as web_searches,
    coalesce(sum(cost), 0)::bigint as cost,
    count(*) filter (where cost is null) as unpriced
from ledger
group by provider, model
order by cost desc, provider, model
