select key, organisation, team, project, tags, sum(cost) as cost
from ledger
where arrived_at >= ?1 and cost > 0
group by key, organisation, team, project, tags
order by key, organisation, team, project, tags
