-- Rows for other programs, whole and in a fixed order: the same question at the same clock gives the same bytes. What
-- has no priced reply has no cost.

-- name: costs
-- `edges` has where each step of time begins, as quarters; the caller knows the calendar.
with sums as (
    select
        quarter, role, model, task_type, folder, person, analyst_included, sum(replies) as replies,
        sum(unpriced) as unpriced, sum(tokens_input) as tokens_input, sum(tokens_output) as tokens_output,
        sum(tokens_cache_read) as tokens_cache_read, sum(tokens_cache_write_5m) as tokens_cache_write_5m,
        sum(tokens_cache_write_1h) as tokens_cache_write_1h, sum(cost_nanousd) as cost_nanousd
    from spent($begin, $end, $simulated, $role, $model, $task_type, $folder, $person, $analyst)
    group by all
)
select
    make_timestamp_ms(e.at) as begin_at, s.role, s.model, s.task_type, s.folder, s.person as created_by,
    s.analyst_included, $simulated::boolean as simulated, sum(s.replies)::bigint as replies,
    sum(s.unpriced)::bigint as unpriced_replies, sum(s.tokens_input)::bigint as tokens_input,
    sum(s.tokens_output)::bigint as tokens_output, sum(s.tokens_cache_read)::bigint as tokens_cache_read,
    sum(s.tokens_cache_write_5m)::bigint as tokens_cache_write_5m,
    sum(s.tokens_cache_write_1h)::bigint as tokens_cache_write_1h, if(sum(s.unpriced) = sum(s.replies), null, sum(s.cost_nanousd))::bigint as cost_nanousd
from sums as s asof join edges as e on s.quarter >= e.quarter
group by all having sum(s.replies) > 0
order by begin_at, s.role, s.model, s.task_type, s.folder, s.person, s.analyst_included limit $most;

-- name: tasks
-- Tasks that were created in the window, with what they cost in all. Without deleted ones, which no list has.
with costs as (
    select
        a.task_no, sum(u.cost_nanousd)::bigint as cost_nanousd, sum(u.unpriced)::bigint as unpriced,
        sum(u.replies)::bigint as replies, sum(u.tokens_input)::bigint as tokens_input,
        sum(u.tokens_output)::bigint as tokens_output, sum(u.tokens_cache_read)::bigint as tokens_cache_read,
        sum(u.tokens_cache_write_5m)::bigint as tokens_cache_write_5m,
        sum(u.tokens_cache_write_1h)::bigint as tokens_cache_write_1h
    from usage as u join agents as a on a.no = u.agent_no group by all
)
select
    t.id, t.description, t.task_type, t.status, t.complexity, t.analyst_included, t.analyst_reason, t.folder, t.runtime,
    t.simulated, t.created_by, t.priority, make_timestamp_ms(t.created_at_ms) as created_at,
    make_timestamp_ms(t.started_at_ms) as started_at, make_timestamp_ms(t.ended_at_ms) as ended_at,
    (t.ended_at_ms - t.started_at_ms)::bigint as took_ms, t.good, t.reworked, coalesce(c.replies, 0) as replies,
    coalesce(c.unpriced, 0) as unpriced_replies, coalesce(c.tokens_input, 0) as tokens_input,
    coalesce(c.tokens_output, 0) as tokens_output, coalesce(c.tokens_cache_read, 0) as tokens_cache_read,
    coalesce(c.tokens_cache_write_5m, 0) as tokens_cache_write_5m,
    coalesce(c.tokens_cache_write_1h, 0) as tokens_cache_write_1h, if(c.unpriced > 0 and c.unpriced = c.replies, null, coalesce(c.cost_nanousd, 0)) as cost_nanousd
from tasks as t left join costs as c on c.task_no = t.no
where
    t.created_at_ms >= $begin and t.created_at_ms < $end and t.simulated = $simulated and t.deleted_at_ms is null
    and ($task_type is null or t.task_type = $task_type)
    and ($folder is null or t.folder = $folder)
    and ($person is null or t.created_by = $person)
    and ($analyst is null or t.analyst_included = $analyst)
order by t.created_at_ms, t.id limit $most;

-- name: agents
-- Agents that were created in the window, with what they cost in all.
with costs as (
    select
        u.agent_no, sum(u.cost_nanousd)::bigint as cost_nanousd, sum(u.unpriced)::bigint as unpriced,
        sum(u.replies)::bigint as replies, sum(u.tokens_input)::bigint as tokens_input,
        sum(u.tokens_output)::bigint as tokens_output, sum(u.tokens_cache_read)::bigint as tokens_cache_read,
        sum(u.tokens_cache_write_5m)::bigint as tokens_cache_write_5m,
        sum(u.tokens_cache_write_1h)::bigint as tokens_cache_write_1h
    from usage as u group by all
)
select
    a.id, a.task_id, a.step, a.role, a.name, coalesce(m.label, a.model) as model, a.status, a.runtime, a.simulated,
    make_timestamp_ms(a.created_at_ms) as created_at, make_timestamp_ms(a.started_at_ms) as started_at,
    make_timestamp_ms(a.ended_at_ms) as ended_at, (a.ended_at_ms - a.started_at_ms)::bigint as took_ms, a.tool_calls,
    coalesce(c.replies, 0) as replies, coalesce(c.unpriced, 0) as unpriced_replies,
    coalesce(c.tokens_input, 0) as tokens_input, coalesce(c.tokens_output, 0) as tokens_output,
    coalesce(c.tokens_cache_read, 0) as tokens_cache_read,
    coalesce(c.tokens_cache_write_5m, 0) as tokens_cache_write_5m,
    coalesce(c.tokens_cache_write_1h, 0) as tokens_cache_write_1h, if(c.unpriced > 0 and c.unpriced = c.replies, null, coalesce(c.cost_nanousd, 0)) as cost_nanousd
from agents as a
join tasks as t on t.no = a.task_no
left join models as m on m.name = a.model
left join costs as c on c.agent_no = a.no
where
    a.created_at_ms >= $begin and a.created_at_ms < $end and a.simulated = $simulated
    and t.deleted_at_ms is null and a.status <> 'deleted'
    and ($role is null or a.role = $role)
    and ($model is null or coalesce(m.label, a.model) = $model)
    and ($task_type is null or t.task_type = $task_type)
    and ($folder is null or t.folder = $folder)
    and ($person is null or t.created_by = $person)
    and ($analyst is null or t.analyst_included = $analyst)
order by a.created_at_ms, a.id limit $most;
