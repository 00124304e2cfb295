-- What rules of alerts look at: history by quarters of an hour. What was read in from elsewhere is not there: nothing
-- could have been done about it.

-- name: spend
select quarter, sum(cost_nanousd)::bigint as cost_nanousd
from spent($begin, $end, $simulated, $role, null, $task_type, null, $person, null)
where
    coalesce(runtime, '') <> 'imported'
    and ($folder is null or folder = $folder or starts_with(folder, $folder || '/'))
group by quarter order by quarter;

-- name: first
-- The quarter with which the history of spending begins.
select coalesce(min(u.quarter), 0)::bigint as quarter
from usage as u join agents as a on a.no = u.agent_no where u.simulated = $simulated and a.runtime <> 'imported';

-- name: agents
-- Quarters in which an agent spent while it had cost more than so much in all.
with parts as (
    select agent_no, quarter, sum(cost_nanousd) as cost_nanousd
    from spent(0, $end, $simulated, $role, null, $task_type, null, $person, null)
    where
        coalesce(runtime, '') <> 'imported'
        and ($folder is null or folder = $folder or starts_with(folder, $folder || '/'))
    group by all having sum(replies) > 0
), totals as (
    select agent_no, quarter, sum(cost_nanousd) over (partition by agent_no order by quarter)::bigint as cost_nanousd
    from parts
)
select a.id, a.name, a.task_id, t.quarter, t.cost_nanousd
from totals as t join agents as a on a.no = t.agent_no
where t.cost_nanousd > $threshold and t.quarter >= $begin // 900000
order by t.quarter, a.id;

-- name: drifting
-- Runs that were completed in the window and whose figures are so many per cent apart, by when they ended.
select f.id, f.ended_at_ms // 900000 as quarter, f.counted_nanousd, f.apart_nanousd
from figures(0, $end, $simulated) as f
where
    f.ended_at_ms >= $begin and f.ended_at_ms < $end and f.status = 'completed' and f.runtime <> 'imported'
    and f.counted_nanousd > 0 and 100.0 * f.apart_nanousd >= $threshold * f.counted_nanousd
    and ($task_type is null or f.task_type = $task_type)
    and ($folder is null or f.folder = $folder or starts_with(f.folder, $folder || '/'))
    and ($person is null or f.person = $person)
order by quarter, f.id;

-- name: contexts
-- Quarters in which a reply of an agent left its context window this full; `windows` has how large they are.
select
    a.id, a.name, a.task_id, r.at_ms // 900000 as quarter, w.size,
    max(
        r.tokens_input + r.tokens_cache_read + r.tokens_cache_write_5m + r.tokens_cache_write_1h + r.tokens_output
    )::bigint as tokens
from replies as r
join models as m on m.no = r.model_no
join windows as w on w.name = m.name
join agents as a on a.no = r.agent_no
join tasks as t on t.no = a.task_no
where
    r.at_ms >= $begin and r.at_ms < $end and a.runtime <> 'imported'
    and 100.0
    * (r.tokens_input + r.tokens_cache_read + r.tokens_cache_write_5m + r.tokens_cache_write_1h + r.tokens_output)
    >= $threshold * w.size
    and ($role is null or a.role = $role)
    and ($task_type is null or t.task_type = $task_type)
    and ($folder is null or t.folder = $folder or starts_with(t.folder, $folder || '/'))
    and ($person is null or t.created_by = $person)
group by all order by quarter, a.id;

-- name: models
select name from models;

-- name: budget
-- Spending that counts for a budget, by quarter.
select
    u.quarter, sum(u.cost_nanousd)::bigint as cost_nanousd,
    sum(
        u.tokens_input + u.tokens_output + u.tokens_cache_read + u.tokens_cache_write_5m + u.tokens_cache_write_1h
    )::bigint as tokens
from within($begin, $end) as u
join agents as a on a.no = u.agent_no
join tasks as t on t.no = a.task_no
where
    u.simulated = $simulated and t.runtime <> 'imported'
    and ($task is null or t.id = $task)
    and ($folder is null or t.folder = $folder or starts_with(t.folder, $folder || '/'))
    and ($person is null or t.created_by = $person)
group by u.quarter order by u.quarter;
