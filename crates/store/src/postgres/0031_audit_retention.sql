-- Entries from before this time may go. Zero but within the transaction that deletes them and says so in an entry of its own.
create table audit_trim (
    id integer primary key check (id = 1),
    before bigint not null -- Unix milliseconds
);

insert into audit_trim (id, before) values (1, 0);

drop trigger audit_stays on audit;

create trigger audit_stays before update or truncate on audit
    for each statement execute function paceway_audit_stays();

create function paceway_audit_entry_stays() returns trigger language plpgsql as $$
begin
    if old.at >= (select before from audit_trim) then
        raise exception 'the audit log is only appended to';
    end if;
    return old;
end $$;

create trigger audit_entry_stays before delete on audit
    for each row execute function paceway_audit_entry_stays();
