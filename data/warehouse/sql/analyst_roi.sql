-- Whether an ANALYST is worth its money.

-- name: cases
-- Tasks that came to their end here: those that a person stopped say nothing, and neither does what ran elsewhere.
with spent as (
    select
        a.task_no, sum(u.cost_nanousd)::bigint as cost_nanousd, sum(u.unpriced) as unpriced,
        coalesce(sum(u.cost_nanousd) filter (a.role = 'analyst'), 0)::bigint as analyst_nanousd
    from usage as u join agents as a on a.no = u.agent_no group by all
)
select
    t.id, t.analyst_included as included, t.analyst_by, t.analyst_percent, t.task_type, t.complexity, t.borderline,
    t.folder, t.words, t.created_at_ms, t.started_at_ms, t.ended_at_ms, t.good, coalesce(t.reworked, false) as reworked,
    coalesce(s.cost_nanousd, 0) as cost_nanousd, coalesce(s.unpriced, 0) > 0 as unpriced,
    coalesce(s.analyst_nanousd, 0) as analyst_nanousd
from tasks as t left join spent as s on s.task_no = t.no
where
    t.status in ('completed', 'failed') and t.deleted_at_ms is null and t.simulated = $simulated
    and t.analyst_by <> 'nobody' and t.created_at_ms >= $begin and t.created_at_ms < $end
    and ($task_type is null or t.task_type = $task_type) and ($folder is null or t.folder = $folder)
order by t.id;
