-- What each way of doing a task costs, and how often it succeeds.

-- name: trials
-- Tasks of this fleet that completed or failed in the window, the one that ended last at the end.
with spent as (
    select a.task_no, sum(u.cost_nanousd)::bigint as cost_nanousd, sum(u.unpriced) as unpriced
    from usage as u join agents as a on a.no = u.agent_no group by all
)
select
    t.task_type, t.complexity, t.way, coalesce(s.cost_nanousd, 0)::bigint as cost_nanousd,
    coalesce(s.unpriced, 0) > 0 as unpriced, t.status = 'completed' and coalesce(t.good, true) as succeeded,
    t.good is not null as judged
from tasks as t left join spent as s on s.task_no = t.no
where
    t.ended_at_ms >= $begin and t.ended_at_ms < $end and t.status in ('completed', 'failed')
    and t.simulated = $simulated and t.runtime <> 'imported' and t.analyst_by <> 'nobody' and t.deleted_at_ms is null
    and ($task_type is null or t.task_type = $task_type)
    and ($folder is null or t.folder = $folder)
    and ($person is null or t.created_by = $person)
    and ($analyst is null or t.analyst_included = $analyst)
order by t.ended_at_ms, t.id;
