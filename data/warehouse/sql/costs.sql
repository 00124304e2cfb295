-- What was spent, when, by whom and on what. All of it counts by `spent`, so that no two answers differ.

-- name: total
select
    coalesce(sum(replies), 0)::bigint as replies, coalesce(sum(unpriced), 0)::bigint as unpriced,
    coalesce(sum(tokens_input), 0)::bigint as tokens_input, coalesce(sum(tokens_output), 0)::bigint as tokens_output,
    coalesce(sum(tokens_cache_read), 0)::bigint as tokens_cache_read,
    coalesce(sum(tokens_cache_write_5m), 0)::bigint as tokens_cache_write_5m,
    coalesce(sum(tokens_cache_write_1h), 0)::bigint as tokens_cache_write_1h,
    coalesce(sum(cost_nanousd), 0)::bigint as cost_nanousd, coalesce(sum(input_nanousd), 0)::bigint as input_nanousd,
    coalesce(sum(output_nanousd), 0)::bigint as output_nanousd,
    coalesce(sum(cache_read_nanousd), 0)::bigint as cache_read_nanousd,
    coalesce(sum(cache_write_5m_nanousd), 0)::bigint as cache_write_5m_nanousd,
    coalesce(sum(cache_write_1h_nanousd), 0)::bigint as cache_write_1h_nanousd,
    coalesce(sum(searches_nanousd), 0)::bigint as searches_nanousd,
    coalesce(sum(uncached_nanousd), 0)::bigint as uncached_nanousd,
    coalesce(sum(cost_nanousd) filter (role = 'analyst'), 0)::bigint as analyst_nanousd,
    count(distinct task_no)::bigint as tasks
from spent($begin, $end, $simulated, $role, $model, $task_type, $folder, $person, $analyst);

-- name: by
select
    case $by
        when 'role' then role when 'model' then model when 'task_type' then task_type when 'folder' then folder
        when 'user' then person else if(analyst_included, 'with ANALYST', 'without ANALYST')
    end as name,
    sum(cost_nanousd)::bigint as cost_nanousd, sum(unpriced)::bigint as unpriced,
    sum(tokens_input + tokens_output + tokens_cache_read + tokens_cache_write_5m + tokens_cache_write_1h)::bigint
        as tokens,
    sum(replies)::bigint as replies, count(distinct task_no)::bigint as tasks
from spent($begin, $end, $simulated, $role, $model, $task_type, $folder, $person, $analyst)
group by 1 having sum(replies) > 0 order by cost_nanousd desc, tokens desc, name;

-- name: parts
-- What `by` says of all parts, in one pass; `part` is what a row is of.
with sums as (
    select
        role, model, task_type, folder, person, analyst_included,
        grouping(role, model, task_type, folder, person, analyst_included) as part,
        sum(cost_nanousd)::bigint as cost_nanousd, sum(unpriced)::bigint as unpriced,
        sum(tokens_input + tokens_output + tokens_cache_read + tokens_cache_write_5m + tokens_cache_write_1h)::bigint
            as tokens,
        sum(replies)::bigint as replies
    from spent($begin, $end, $simulated, $role, $model, $task_type, $folder, $person, $analyst)
    group by grouping sets ((role), (model), (task_type), (folder), (person), (analyst_included))
    having sum(replies) > 0
), named as (
    select
        -- a bit for each column, the first one highest, which is 0 for the column that the row is of
        case part
            when 31 then 'role' when 47 then 'model' when 55 then 'task_type' when 59 then 'folder' when 61 then 'user'
            else 'analyst'
        end as part,
        case part
            when 31 then role when 47 then model when 55 then task_type when 59 then folder when 61 then person
            else if(analyst_included, 'with ANALYST', 'without ANALYST')
        end as name,
        cost_nanousd, unpriced, tokens, replies
    from sums
)
select * from named order by part, cost_nanousd desc, tokens desc, name;

-- name: over_time
-- `edges` has where each bar begins, as quarters; the caller knows the calendar.
with sums as (
    select
        quarter,
        case $by
            when 'role' then role when 'model' then model when 'task_type' then task_type when 'folder' then folder
            when 'user' then person when 'analyst' then if(analyst_included, 'with ANALYST', 'without ANALYST')
            else ''
        end as name,
        sum(cost_nanousd) as cost_nanousd, sum(unpriced) as unpriced,
        sum(tokens_input + tokens_output + tokens_cache_read + tokens_cache_write_5m + tokens_cache_write_1h)
            as tokens,
        sum(replies) as replies
    from spent($begin, $end, $simulated, $role, $model, $task_type, $folder, $person, $analyst)
    group by all
)
select
    e.at, s.name, sum(s.cost_nanousd)::bigint as cost_nanousd, sum(s.unpriced)::bigint as unpriced,
    sum(s.tokens)::bigint as tokens, sum(s.replies)::bigint as replies
from sums as s asof join edges as e on s.quarter >= e.quarter
group by all having sum(s.replies) > 0 order by e.at, s.name;

-- name: dearest_tasks
-- Without deleted ones, which no list has; the money of those stands in the sums.
with sums as (
    select
        task_no, sum(cost_nanousd)::bigint as cost_nanousd, sum(unpriced)::bigint as unpriced,
        sum(tokens_input + tokens_output + tokens_cache_read + tokens_cache_write_5m + tokens_cache_write_1h)::bigint
            as tokens,
        sum(replies)::bigint as replies
    from spent($begin, $end, $simulated, $role, $model, $task_type, $folder, $person, $analyst)
    group by all
)
select
    t.id, t.description, t.task_type, t.status, t.folder, t.created_by as person, t.runtime, t.analyst_included,
    t.analyst_reason, t.created_at_ms, s.* exclude (task_no)
from sums as s join tasks as t on t.no = s.task_no
where t.deleted_at_ms is null and s.replies > 0
order by s.cost_nanousd desc, s.tokens desc, t.id limit $most;

-- name: dearest_agents
with sums as (
    select
        agent_no, sum(cost_nanousd)::bigint as cost_nanousd, sum(unpriced)::bigint as unpriced,
        sum(tokens_input + tokens_output + tokens_cache_read + tokens_cache_write_5m + tokens_cache_write_1h)::bigint
            as tokens,
        sum(replies)::bigint as replies
    from spent($begin, $end, $simulated, $role, $model, $task_type, $folder, $person, $analyst)
    group by all
)
select
    a.id, a.name, a.role, a.model, a.status, a.task_id, t.description, s.* exclude (agent_no)
from sums as s join agents as a on a.no = s.agent_no join tasks as t on t.no = a.task_no
where t.deleted_at_ms is null and a.status <> 'deleted' and s.replies > 0
order by s.cost_nanousd desc, s.tokens desc, a.id limit $most;

-- name: dearest_tools
-- By the replies that called them: what a reply cost, parted evenly among its calls.
select s.tool, sum(s.cost_nanousd)::bigint as cost_nanousd, sum(s.calls)::bigint as calls
from shares as s
join agents as a on a.no = s.agent_no
join tasks as t on t.no = a.task_no
where
    s.at_ms >= $begin and s.at_ms < $end and s.simulated = $simulated
    and ($role is null or a.role = $role)
    and ($model is null or exists (
        from replies as r join models as m on m.no = r.model_no
        where r.message = s.message and r.agent_no = s.agent_no and m.label = $model
    ))
    and ($task_type is null or t.task_type = $task_type)
    and ($folder is null or t.folder = $folder)
    and ($person is null or t.created_by = $person)
    and ($analyst is null or t.analyst_included = $analyst)
group by all order by cost_nanousd desc, s.tool limit $most;

-- name: analyst
-- Work of this fleet by whether an ANALYST took part: what tasks that ended in the window cost in all.
select
    t.analyst_included as included, count(*)::bigint as tasks,
    count(*) filter (t.status = 'completed')::bigint as completed,
    count(*) filter (t.status = 'failed')::bigint as failed,
    coalesce(sum(c.cost_nanousd), 0)::bigint as cost_nanousd,
    coalesce(sum(c.analyst_nanousd), 0)::bigint as analyst_nanousd,
    coalesce(median(c.cost_nanousd), 0)::bigint as median_nanousd,
    coalesce(median(t.ended_at_ms - t.started_at_ms), 0)::bigint as median_ms
from tasks as t left join (
    select
        a.task_no, sum(u.cost_nanousd)::bigint as cost_nanousd,
        coalesce(sum(u.cost_nanousd) filter (a.role = 'analyst'), 0)::bigint as analyst_nanousd
    from usage as u join agents as a on a.no = u.agent_no group by all
) as c on c.task_no = t.no
where
    t.ended_at_ms >= $begin and t.ended_at_ms < $end and t.status in ('completed', 'failed')
    and t.simulated = $simulated and t.runtime <> 'imported' and t.deleted_at_ms is null
    and ($task_type is null or t.task_type = $task_type)
    and ($folder is null or t.folder = $folder)
    and ($person is null or t.created_by = $person)
    and ($analyst is null or t.analyst_included = $analyst)
group by all order by included desc;

-- name: names
-- What a filter can be set to.
select 'model' as kind, label as name from models
union select 'folder', folder from tasks where deleted_at_ms is null
union select 'user', created_by from tasks where deleted_at_ms is null
order by all;

-- name: simulated
select coalesce(sum(cost_nanousd), 0)::bigint as cost_nanousd from within($begin, $end) where simulated;

-- name: drifting
-- Runs of the window of which a figure is at least so many per cent from what was counted.
select count(*)::bigint as runs from figures($begin, $end, $simulated)
where counted_nanousd > 0 and 100 * apart_nanousd >= $limit * counted_nanousd;

-- name: runs
-- Those that are too far apart first, then the others, the furthest apart first.
select
    id, description, runtime, status, created_at_ms, counted_nanousd, unpriced, reported_nanousd, listed_nanousd,
    transcript_nanousd, beside_nanousd, apart_nanousd,
    counted_nanousd > 0 and 100 * apart_nanousd >= $limit * counted_nanousd as drifting
from figures($begin, $end, $simulated)
order by drifting desc, apart_nanousd desc, id limit $most;
