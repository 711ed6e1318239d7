select * from ledger
where (arrived_at, request_id, part) > (?1, ?2, ?3) and arrived_at < ?4
order by arrived_at, request_id, part
limit ?5
