-- How the fleet works: tokens, cache, tools, durations, success. Tokens count by `spent`, as money does.

-- name: tokens
-- `edges` has where each bar begins, as quarters; the caller knows the calendar.
with sums as (
    select
        quarter, sum(replies) as replies, sum(tokens_input) as input, sum(tokens_output) as output,
        sum(tokens_cache_read) as cache_read, sum(tokens_cache_write_5m) as cache_write_5m,
        sum(tokens_cache_write_1h) as cache_write_1h
    from spent($begin, $end, $simulated, $role, $model, $task_type, $folder, $person, $analyst)
    group by all
)
select
    e.at, sum(s.replies)::bigint as replies, sum(s.input)::bigint as input, sum(s.output)::bigint as output,
    sum(s.cache_read)::bigint as cache_read, sum(s.cache_write_5m)::bigint as cache_write_5m,
    sum(s.cache_write_1h)::bigint as cache_write_1h
from sums as s asof join edges as e on s.quarter >= e.quarter
group by all having sum(s.replies) > 0 order by e.at;

-- name: tools
-- How often each tool was called in the window, and what became of those calls. A refusal without a call is one, too.
with asked as (
    select c.call, c.agent_no, c.tool from calls as c where c.at_ms >= $begin and c.at_ms < $end
    union all
    select r.call, r.agent_no, r.tool from troubles as r
    where r.refused and r.at_ms >= $begin and r.at_ms < $end and r.call not in (select call from calls)
), ends as (
    select call, bool_or(refused) as refused from troubles group by all
)
select
    k.tool, count(*)::bigint as calls, count(*) filter (not e.refused)::bigint as failed,
    count(*) filter (e.refused)::bigint as refused, count(distinct k.agent_no)::bigint as agents
from asked as k
join agents as a on a.no = k.agent_no
join tasks as t on t.no = a.task_no
left join ends as e on e.call = k.call
where
    a.simulated = $simulated
    and ($role is null or a.role = $role)
    and ($model is null or a.model = $model or a.model in (select m.name from models as m where m.label = $model))
    and ($task_type is null or t.task_type = $task_type)
    and ($folder is null or t.folder = $folder)
    and ($person is null or t.created_by = $person)
    and ($analyst is null or t.analyst_included = $analyst)
group by all order by calls desc, k.tool;

-- name: agents
-- Agents that came to their end in the window: how long each was at work, what it waited for included.
create or replace temp table ended_agents as
select
    a.role, coalesce(m.label, a.model) as model, a.status, a.ended_at_ms - a.started_at_ms as took_ms, a.ended_at_ms
from agents as a
join tasks as t on t.no = a.task_no
left join models as m on m.name = a.model
where
    a.ended_at_ms >= $begin and a.ended_at_ms < $end and a.started_at_ms is not null
    and a.status in ('completed', 'failed') and a.simulated = $simulated and t.deleted_at_ms is null
    and ($role is null or a.role = $role)
    and ($model is null or coalesce(m.label, a.model) = $model)
    and ($task_type is null or t.task_type = $task_type)
    and ($folder is null or t.folder = $folder)
    and ($person is null or t.created_by = $person)
    and ($analyst is null or t.analyst_included = $analyst);

-- name: durations
select
    case $by when 'role' then role when 'model' then model else '' end as name,
    count(*)::bigint as agents, count(*) filter (status = 'failed')::bigint as failed,
    quantile_cont(took_ms, [0.05, 0.25, 0.5, 0.75, 0.95, 0.99]) as quantiles, max(took_ms)::bigint as longest_ms
from ended_agents group by 1 order by agents desc, name;

-- name: lengths
-- Agents by how long they took: each class reaches from 2 to the power of step / 2 seconds to that of the next.
select
    role as name,
    case when took_ms < 1000 then 0 else least(floor(2 * log2(took_ms / 1000))::integer, 40) end as step,
    count(*)::bigint as agents
from ended_agents group by all order by step, name;

-- name: success
-- Tasks of this fleet that came to their end in the window, by their type.
select
    t.task_type as name, count(*) filter (t.status = 'completed')::bigint as completed,
    count(*) filter (t.status = 'failed')::bigint as failed,
    count(*) filter (t.status = 'cancelled')::bigint as cancelled,
    count(*) filter (t.good)::bigint as good, count(*) filter (not t.good)::bigint as bad,
    count(*) filter (t.reworked)::bigint as reworked,
    coalesce(median(t.ended_at_ms - t.started_at_ms) filter (t.status = 'completed'), 0)::bigint as median_ms
from tasks as t
where
    t.ended_at_ms >= $begin and t.ended_at_ms < $end and t.status in ('completed', 'failed', 'cancelled')
    and t.simulated = $simulated and t.runtime <> 'imported' and t.deleted_at_ms is null
    and ($task_type is null or t.task_type = $task_type)
    and ($folder is null or t.folder = $folder)
    and ($person is null or t.created_by = $person)
    and ($analyst is null or t.analyst_included = $analyst)
group by all order by completed + failed desc, name;
