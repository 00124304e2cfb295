-- What moves into files of Parquet, month by month.

-- name: ripe_replies
select distinct epoch_ms(date_trunc('month', make_timestamp_ms(at_ms)))::bigint as begin_ms
from (select at_ms from hot_replies where at_ms < $before union all select at_ms from gone_replies) order by all;

-- name: ripe_calls
select distinct epoch_ms(date_trunc('month', make_timestamp_ms(at_ms)))::bigint as begin_ms
from hot_calls where at_ms < $before order by all;

-- name: rows_replies
select * from replies where at_ms >= $begin and at_ms < $end order by at_ms, agent_no, message, request

-- name: rows_calls
select * from calls where at_ms >= $begin and at_ms < $end order by at_ms, agent_no, call

-- name: counted_replies
select count(*), min(at_ms), max(at_ms) from replies where at_ms >= $begin and at_ms < $end;

-- name: counted_calls
select count(*), min(at_ms), max(at_ms) from calls where at_ms >= $begin and at_ms < $end;

-- name: moved_replies
delete from hot_replies where at_ms >= $begin and at_ms < $end;

-- name: moved_calls
delete from hot_calls where at_ms >= $begin and at_ms < $end;

-- name: settled_replies
delete from gone_replies where at_ms >= $begin and at_ms < $end;

-- name: settled_calls
select 0;

-- name: forget
delete from warm where noun = $noun and begin_ms = $begin;

-- name: keep
insert into warm values ($noun, $begin, $file, $rows, $bytes, $first_ms, $last_ms, $sha256);

-- name: files
select noun, file, bytes, sha256 from warm order by noun, begin_ms;

-- name: hot
select
    (select count(*) from hot_replies) as replies, (select count(*) from hot_calls) as calls, min(at_ms) as first_ms,
    max(at_ms) as last_ms
from (select at_ms from hot_replies union all select at_ms from hot_calls);

-- name: warm
select
    coalesce(sum(rows) filter (noun = 'replies'), 0)::bigint as replies,
    coalesce(sum(rows) filter (noun = 'calls'), 0)::bigint as calls, count(*)::bigint as files,
    coalesce(sum(bytes), 0)::bigint as bytes, min(first_ms) as first_ms, max(last_ms) as last_ms
from warm;
