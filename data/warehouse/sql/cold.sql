-- What is written down for good of a month that is over long ago: rows with names instead of numbers, each month whole.

-- name: months
select distinct epoch_ms(date_trunc('month', make_timestamp_ms(at_ms)))::bigint as begin_ms
from (
    select at_ms from replies union all select at_ms from calls union all select created_at_ms from tasks
    union all select created_at_ms from agents
)
where at_ms < $before order by all;

-- name: tasks
select
    id, strftime(make_timestamp_ms(created_at_ms), '%Y-%m-%dT%H:%M:%S.%gZ') as created_at, description, task_type,
    status, complexity, analyst_included, analyst_reason, folder, runtime, simulated, created_by,
    strftime(make_timestamp_ms(started_at_ms), '%Y-%m-%dT%H:%M:%S.%gZ') as started_at,
    strftime(make_timestamp_ms(ended_at_ms), '%Y-%m-%dT%H:%M:%S.%gZ') as ended_at, tool_calls, reported_nanousd, run,
    rerun_of, priority, good, reworked
from tasks where created_at_ms >= $begin and created_at_ms < $end order by created_at_ms, id

-- name: agents
select
    id, task_id, strftime(make_timestamp_ms(created_at_ms), '%Y-%m-%dT%H:%M:%S.%gZ') as created_at, step, role, name,
    model, status, runtime, simulated, strftime(make_timestamp_ms(started_at_ms), '%Y-%m-%dT%H:%M:%S.%gZ') as started_at,
    strftime(make_timestamp_ms(ended_at_ms), '%Y-%m-%dT%H:%M:%S.%gZ') as ended_at, tool_calls, reported_nanousd,
    transcript_nanousd
from agents where created_at_ms >= $begin and created_at_ms < $end order by created_at_ms, id

-- name: replies
select
    strftime(make_timestamp_ms(r.at_ms), '%Y-%m-%dT%H:%M:%S.%gZ') as at, a.task_id, a.id as agent_id, m.name as model,
    r.tokens_input, r.tokens_output, r.tokens_cache_read, r.tokens_cache_write_5m, r.tokens_cache_write_1h,
    r.web_searches, r.cost_nanousd, r.simulated
from replies as r join models as m on m.no = r.model_no left join agents as a on a.no = r.agent_no
where r.at_ms >= $begin and r.at_ms < $end order by r.at_ms, r.agent_no, r.message, r.request

-- name: tool_calls
select
    strftime(make_timestamp_ms(c.at_ms), '%Y-%m-%dT%H:%M:%S.%gZ') as at, a.task_id, a.id as agent_id, c.tool
from calls as c join agents as a on a.no = c.agent_no
where c.at_ms >= $begin and c.at_ms < $end order by c.at_ms, c.agent_no, c.call
