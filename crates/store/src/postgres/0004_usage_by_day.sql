-- Money that a provider's own account showed to be missing or too much. Rows are only ever added.
create table adjustments (
    id text not null primary key,
    at bigint not null,             -- Unix milliseconds
    provider text not null,
    model text not null,
    cost bigint not null,           -- micro-dollars, to be added; below zero where too much was booked
    reason text not null
);

-- Everything that counts, row by row.
create view entries as
select
    arrived_at, organisation, team, project, key, provider, model, endpoint, tier, outcome, tags,
    (part = 0)::int as requests, input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, audio_input, audio_output, image_output, web_searches,
    coalesce(cost, 0) as cost, (cost is null)::int as unpriced, (usage_is_estimated)::int as estimated, 0 as correction
from ledger
union all
select
    at, '', '', '', '', provider, model, '', '', '', '{}'::jsonb,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, cost
from adjustments;

-- The same summed up by day, which answers what is asked most. Kept in the transaction that adds the rows.
create table usage_by_day (
    day bigint not null,            -- days since 1970, in UTC
    organisation text not null,
    team text not null,
    project text not null,
    key text not null,
    provider text not null,
    model text not null,
    endpoint text not null,
    tier text not null,
    requests bigint not null,
    input bigint not null,
    cache_read bigint not null,
    cache_write_5m bigint not null,
    cache_write_1h bigint not null,
    output bigint not null,
    reasoning bigint not null,
    audio_input bigint not null,
    audio_output bigint not null,
    image_output bigint not null,
    web_searches bigint not null,
    cost bigint not null,
    unpriced bigint not null,
    estimated bigint not null,
    correction bigint not null,
    primary key (day, organisation, team, project, key, provider, model, endpoint, tier)
);

insert into usage_by_day
select
    arrived_at / 86400000, organisation, team, project, key, provider, model, endpoint, tier,
    sum(requests),
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
    sum(cost),
    sum(unpriced),
    sum(estimated),
    sum(correction)
from entries
group by 1, 2, 3, 4, 5, 6, 7, 8, 9;
