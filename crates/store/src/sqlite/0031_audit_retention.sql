-- Entries from before this time may go. Zero but within the transaction that deletes them and says so in an entry of its own.
create table audit_trim (
    id integer primary key check (id = 1),
    before integer not null -- Unix milliseconds
) strict;

insert into audit_trim (id, before) values (1, 0);

drop trigger audit_is_not_shortened;

create trigger audit_is_not_shortened before delete on audit
when old.at >= (select before from audit_trim) begin
    select raise(abort, 'the audit log is only appended to');
end
