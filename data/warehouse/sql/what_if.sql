-- What spending would have cost otherwise: reply by reply, as `data/domain/what_if.py` counts those of one task.

-- name: otherwise
-- `ways` says how each way changes a prompt, `way_prices` what a reply of a model costs then, by time and size of the
-- prompt. A reply that was off the list may be off it by the same factor: `low` and `high` are with it and without.
with chosen as (
    select
        m.label, r.at_ms, r.cost_nanousd, r.tokens_input as fresh, r.tokens_output, r.tokens_cache_read,
        r.tokens_cache_write_5m, r.tokens_cache_write_1h,
        r.tokens_input + r.tokens_cache_read + r.tokens_cache_write_5m + r.tokens_cache_write_1h as prompt,
        r.tokens_input + r.tokens_cache_write_5m + r.tokens_cache_write_1h as once,
        r.web_searches * s.each_nanousd as searches_nanousd,
        (
            r.tokens_input * p.input + r.tokens_output * p.output + r.tokens_cache_read * p.cache_read
            + r.tokens_cache_write_5m * p.cache_write_5m + r.tokens_cache_write_1h * p.cache_write_1h + 500000
        ) // 1000000 + r.web_searches * s.each_nanousd as was,
        coalesce(was = r.cost_nanousd and list_contains($whole, m.label), false) as on_list
    from replies as r
    cross join (select value::bigint as each_nanousd from meta where name = 'search_nanousd') as s
    join models as m on m.no = r.model_no
    left join agents as a on a.no = r.agent_no
    left join tasks as t on t.no = a.task_no
    left join prices as p
        on p.model_no = r.model_no and r.at_ms >= p.from_ms and r.at_ms < p.until_ms
        and r.tokens_input + r.tokens_cache_read + r.tokens_cache_write_5m + r.tokens_cache_write_1h > p.above
        and r.tokens_input + r.tokens_cache_read + r.tokens_cache_write_5m + r.tokens_cache_write_1h <= p.upto
    where
        r.at_ms >= $begin and r.at_ms < $end and r.simulated = $simulated and r.cost_nanousd is not null
        and ($role is null or a.role = $role)
        and ($model is null or m.label = $model)
        and ($task_type is null or t.task_type = $task_type)
        and ($folder is null or t.folder = $folder)
        and ($person is null or t.created_by = $person)
        and ($analyst is null or t.analyst_included = $analyst)
), together as (
    -- On the list, at whole nano-dollars for a token, prices add up: all of a model, a day and a step of prices at once.
    select
        count(*) as replies, label, at_ms // 86400000 * 86400000 as at_ms, sum(cost_nanousd)::bigint as cost_nanousd,
        sum(fresh)::bigint as fresh, sum(tokens_output)::bigint as tokens_output,
        sum(tokens_cache_read)::bigint as tokens_cache_read, sum(tokens_cache_write_5m)::bigint as tokens_cache_write_5m,
        sum(tokens_cache_write_1h)::bigint as tokens_cache_write_1h, sum(prompt)::bigint as prompt,
        sum(once)::bigint as once, sum(searches_nanousd)::bigint as searches_nanousd, null::bigint as was,
        min(prompt) as size, min(once) as once_size
    from chosen where on_list
    group by
        label, at_ms // 86400000, len(list_filter($steps, lambda step: prompt > step)),
        len(list_filter($steps, lambda step: once > step))
    union all
    select
        1, label, at_ms, cost_nanousd, fresh, tokens_output, tokens_cache_read, tokens_cache_write_5m,
        tokens_cache_write_1h, prompt, once, searches_nanousd, was, prompt, once
    from chosen where not on_list
), asked as (
    select
        w.way, c.* exclude (size), case w.prompt when 'same' then c.fresh when 'plain' then c.prompt else c.once end as input,
        if(w.prompt = 'same', 1, 0) as cached, if(w.prompt = 'once', c.once_size, c.size) as size
    from together as c cross join ways as w
), listed as (
    select
        q.way, q.replies, q.cost_nanousd, q.was,
        (
            (
                q.input::hugeint * p.input + q.tokens_output::hugeint * p.output + q.cached * (
                    q.tokens_cache_read::hugeint * p.cache_read + q.tokens_cache_write_5m::hugeint * p.cache_write_5m
                    + q.tokens_cache_write_1h::hugeint * p.cache_write_1h
                ) + 500000
            ) // 1000000
        )::bigint + q.searches_nanousd as listed
    from asked as q
    join way_prices as p
        on p.way = q.way and p.label = q.label and q.at_ms >= p.from_ms and q.at_ms < p.until_ms
        and q.size > p.above and q.size <= p.upto
), parted as (
    select
        way, replies, cost_nanousd, listed,
        if(was is null or was = 0 or was = cost_nanousd, null, listed::hugeint * cost_nanousd) as product, was
    from listed
), scaled as (
    select
        way, replies, cost_nanousd, listed,
        -- halves to the even side
        coalesce(
            product // was
            + (2 * (product % was) > was or (2 * (product % was) = was and product // was % 2 = 1))::integer, listed
        ) as other
    from parted
)
select
    way, sum(replies)::bigint as replies, sum(cost_nanousd)::bigint as paid_nanousd,
    sum(least(listed, other))::bigint as low_nanousd, sum(greatest(listed, other))::bigint as high_nanousd
from scaled group by way order by way;

-- name: labels
select distinct label from models order by label;

-- name: analysts
-- Of the tasks whose ANALYST cost anything: how many, what they cost in all and what their ANALYST did.
select
    count(*)::bigint as tasks, coalesce(sum(cost_nanousd), 0)::bigint as cost_nanousd,
    coalesce(sum(analyst_nanousd), 0)::bigint as analyst_nanousd
from (
    select sum(cost_nanousd) as cost_nanousd, sum(cost_nanousd) filter (role = 'analyst') as analyst_nanousd
    from spent($begin, $end, $simulated, $role, $model, $task_type, $folder, $person, $analyst)
    where task_no is not null group by task_no
) where analyst_nanousd > 0;
