-- How work, money and success change over time. `edges` has where each bar begins; the caller knows the calendar.

-- name: chosen_tasks
-- The tasks that filters leave, of every time; read-in sessions are among them where nothing says otherwise.
create or replace temp table chosen_tasks as
select
    no, task_type, status, runtime, created_at_ms, started_at_ms, ended_at_ms, analyst_included, good
from tasks
where
    deleted_at_ms is null and simulated = $simulated
    and ($task_type is null or task_type = $task_type)
    and ($folder is null or folder = $folder)
    and ($person is null or created_by = $person)
    and ($analyst is null or analyst_included = $analyst);

-- name: spans
-- What was spent in stretches of days that end together, and in as many days before each; `spans` has where they begin.
with sums as (
    select at_ms, sum(cost_nanousd) as cost_nanousd, sum(unpriced) as unpriced
    from spent($begin, $end, $simulated, $role, $model, $task_type, $folder, $person, $analyst, cuts := $cuts)
    group by at_ms
)
select
    p.days, coalesce(sum(s.cost_nanousd) filter (s.at_ms >= p.begin_ms), 0)::bigint as cost_nanousd,
    coalesce(sum(s.cost_nanousd) filter (s.at_ms >= p.before_ms and s.at_ms < p.begin_ms), 0)::bigint as before_nanousd,
    coalesce(sum(s.unpriced) filter (s.at_ms >= p.begin_ms), 0)::bigint as unpriced
from spans as p left join sums as s on true
group by p.days order by p.days;

-- name: created
-- Tasks and agents by when they were made.
with made as (
    select created_at_ms as at_ms, 1 as tasks, 0 as agents from chosen_tasks
    where created_at_ms >= $begin and created_at_ms < $end
    union all
    select a.created_at_ms, 0, 1
    from agents as a join chosen_tasks as t on t.no = a.task_no left join models as m on m.name = a.model
    where
        a.created_at_ms >= $begin and a.created_at_ms < $end and ($role is null or a.role = $role)
        and ($model is null or coalesce(m.label, a.model) = $model)
)
select e.at, sum(m.tasks)::bigint as tasks, sum(m.agents)::bigint as agents
from made as m asof join edges as e on m.at_ms >= e.at
group by all order by e.at;

-- name: ended
-- Tasks of this fleet by when they ended: what became of them, how long they took, what they cost in all.
with ends as (
    select
        e.at, t.status, t.good, t.ended_at_ms - t.started_at_ms as took_ms, c.cost_nanousd, c.unpriced
    from chosen_tasks as t
    asof join edges as e on t.ended_at_ms >= e.at
    left join (
        select a.task_no, sum(u.cost_nanousd)::bigint as cost_nanousd, sum(u.unpriced)::bigint as unpriced
        from usage as u join agents as a on a.no = u.agent_no group by all
    ) as c on c.task_no = t.no
    where
        t.ended_at_ms >= $begin and t.ended_at_ms < $end and t.status in ('completed', 'failed', 'cancelled')
        and t.runtime <> 'imported'
)
select
    ends.at, count(*) filter (status = 'completed')::bigint as completed,
    count(*) filter (status = 'failed')::bigint as failed,
    count(*) filter (status = 'cancelled')::bigint as cancelled,
    count(*) filter (good)::bigint as good, count(*) filter (not good)::bigint as bad,
    coalesce(quantile_cont(took_ms, 0.5) filter (status = 'completed'), 0)::bigint as p50_ms,
    coalesce(quantile_cont(took_ms, 0.95) filter (status = 'completed'), 0)::bigint as p95_ms,
    coalesce(sum(cost_nanousd) filter (status <> 'cancelled'), 0)::bigint as cost_nanousd,
    coalesce(sum(unpriced) filter (status <> 'cancelled'), 0)::bigint as unpriced
from ends group by ends.at order by ends.at;

-- name: hours
-- By weekday (0 is Monday) and hour of the zone's clocks; `offsets` has how many quarters they are ahead, and since when.
with busy as (
    select quarter, replies, cost_nanousd, 0 as tasks
    from spent($begin, $end, $simulated, $role, $model, $task_type, $folder, $person, $analyst)
    union all
    select created_at_ms // 900000, 0, 0, 1 from chosen_tasks where created_at_ms >= $begin and created_at_ms < $end
), here as (
    select b.quarter + o.ahead as quarter, b.* exclude (quarter)
    from busy as b asof join offsets as o on b.quarter >= o.quarter
)
select
    ((quarter // 96 + 3) % 7)::integer as weekday, (quarter % 96 // 4)::integer as hour,
    sum(replies)::bigint as replies, sum(tasks)::bigint as tasks, sum(cost_nanousd)::bigint as cost_nanousd
from here group by all having sum(replies) > 0 or sum(tasks) > 0 order by all;

-- name: lengths
-- Completed tasks of this fleet by how long they took, in classes as for agents.
select
    task_type as name,
    case
        when ended_at_ms - started_at_ms < 1000 then 0
        else least(floor(2 * log2((ended_at_ms - started_at_ms) / 1000))::integer, 40)
    end as step,
    count(*)::bigint as tasks
from chosen_tasks
where
    ended_at_ms >= $begin and ended_at_ms < $end and status = 'completed' and runtime <> 'imported'
    and started_at_ms is not null
group by all order by step, name;

-- name: workflows
-- Which roles worked on a task, in the order in which they came; of the same step only the first agent counts.
with steps as (
    select a.task_no, a.step, a.role, min(a.created_at_ms) as at_ms, min(a.no) as no
    from agents as a join chosen_tasks as t on t.no = a.task_no
    where t.created_at_ms >= $begin and t.created_at_ms < $end and t.runtime <> 'imported'
    group by all
), ways as (
    select task_no, string_agg(role, ' > ' order by at_ms, no) as name, count(*) as steps from steps group by all
)
select
    e.at, w.name, count(*)::bigint as tasks, sum(w.steps)::bigint as steps,
    count(*) filter (t.status = 'completed')::bigint as completed,
    count(*) filter (t.status = 'failed')::bigint as failed,
    count(*) filter (t.analyst_included)::bigint as with_analyst
from ways as w join chosen_tasks as t on t.no = w.task_no
asof join edges as e on t.created_at_ms >= e.at
group by all order by e.at, tasks desc, w.name;
