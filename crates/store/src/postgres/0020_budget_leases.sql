create table budget_leases (
    budget text not null,
    account text not null,        -- empty: the one that all share
    window_from bigint not null,  -- Unix milliseconds
    node text not null,           -- empty: what was spent before any node leased
    spent bigint not null,        -- micro-dollars, as allotment
    allotment bigint not null,    -- taken from the budget until it is given back or the window ends
    seen_at timestamptz not null default now(),
    primary key (budget, account, window_from, node)
)
