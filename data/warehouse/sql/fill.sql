-- How the warehouse follows the store. `batch` is what the store told, in columns.

-- name: stage_tasks
create or replace temp table fresh_tasks as
select
    coalesce(
        t.no, (select coalesce(max(no), 0) from tasks) + row_number() over (partition by t.no is null)
    )::integer as no,
    b.id, b.description, b.task_type, b.status, b.complexity, b.analyst_choice, b.analyst_included = 1,
    b.analyst_reason, b.folder, b.runtime, b.simulated = 1, b.model, b.created_by, b.created_at_ms, b.started_at_ms,
    b.ended_at_ms, b.archived_at_ms, b.deleted_at_ms, b.tool_calls, b.reported_nanousd, b.run, b.rerun_of, b.priority,
    b.analyst_by, b.analyst_percent, b.borderline = 1, b.good = 1, b.reworked = 1, b.words,
    b.way
from batch as b left join tasks as t on t.id = b.id;

-- name: keep_changed_tasks
create or replace temp table fresh_tasks as
select * from fresh_tasks except select * from tasks where no in (select no from fresh_tasks);

-- name: drop_tasks
delete from tasks where no in (select no from fresh_tasks);

-- name: add_tasks
insert into tasks select * from fresh_tasks;

-- name: stage_agents
create or replace temp table fresh_agents as
select
    coalesce(
        a.no, (select coalesce(max(no), 0) from agents) + row_number() over (partition by a.no is null)
    )::integer as no,
    b.id, b.task_id, b.step, b.role, b.name, b.model, b.status, b.runtime, b.simulated = 1, b.created_at_ms,
    b.started_at_ms, b.ended_at_ms, b.tool_calls, b.reported_nanousd, b.transcript_nanousd,
    t.no as task_no
from batch as b left join agents as a on a.id = b.id left join tasks as t on t.id = b.task_id;

-- name: keep_changed_agents
create or replace temp table fresh_agents as
select * from fresh_agents except select * from agents where no in (select no from fresh_agents);

-- name: drop_agents
delete from agents where no in (select no from fresh_agents);

-- name: add_agents
insert into agents select * from fresh_agents;

-- name: stage_replies
create or replace temp table fresh as
select
    hash(b.message_id) as message, hash(b.request_id) as request, a.no as agent_no, m.no as model_no, b.at_ms,
    b.tokens_input, b.tokens_output, b.tokens_cache_read, b.tokens_cache_write_5m, b.tokens_cache_write_1h,
    b.cost_nanousd, b.simulated = 1 as simulated, b.web_searches, 1 as sign
from batch as b join models as m on m.name = b.model left join agents as a on a.id = b.agent_id;

-- name: stage_old_replies
-- A reply moves to another agent only by being gone first. So the agents' numbers, which lie together, say where to
-- look; the hashes lie anywhere.
insert into fresh
select r.*, -1 from replies as r
semi join fresh as f on f.agent_no = r.agent_no and f.message = r.message and f.request = r.request;

-- name: stage_gone
create or replace temp table fresh as
select r.*, -1 as sign from replies as r
where (r.message, r.request) in (select (hash(message_id), hash(request_id)) from batch);

-- name: drop_replies
delete from hot_replies as r using fresh as f
where f.sign = -1 and f.agent_no = r.agent_no and f.message = r.message and f.request = r.request;

-- name: drop_warm_replies
insert into gone_replies select f.message, f.request, f.agent_no, f.at_ms from fresh as f
where f.sign = -1 and exists (from warm as w where w.noun = 'replies' and f.at_ms <= w.last_ms and f.at_ms >= w.first_ms);

-- name: add_replies
insert into hot_replies select * exclude (sign) from fresh where sign = 1;

-- name: add_usage
insert into usage
select
    at_ms // 900000, agent_no, model_no, simulated, sum(sign), sum(sign * (cost_nanousd is null)::integer),
    sum(sign * tokens_input), sum(sign * tokens_output), sum(sign * tokens_cache_read),
    sum(sign * tokens_cache_write_5m), sum(sign * tokens_cache_write_1h), coalesce(sum(sign * cost_nanousd), 0),
    coalesce(sum(sign * input_nanousd), 0), coalesce(sum(sign * output_nanousd), 0),
    coalesce(sum(sign * cache_read_nanousd), 0), coalesce(sum(sign * cache_write_5m_nanousd), 0),
    coalesce(sum(sign * cache_write_1h_nanousd), 0), coalesce(sum(sign * searches_nanousd), 0),
    coalesce(sum(sign * uncached_nanousd), 0)
from priced('fresh') group by all;

-- name: no_touched
create or replace temp table touched (message ubigint, agent_no integer);

-- name: touch_replies
insert into touched select distinct message, agent_no from fresh;

-- name: stage_calls
create or replace temp table fresh_calls as
select
    if(b.message_id = '', null, hash(b.message_id)) as message, a.no as agent_no, b.tool,
    if(b.tool_use_id = '', hash(b.id), hash(b.agent_id, b.tool_use_id)) as call, b.at_ms
from batch as b join agents as a on a.id = b.agent_id;

-- name: touch_calls
insert into touched select distinct message, agent_no from fresh_calls where message is not null;

-- name: add_calls
insert into hot_calls select * from fresh_calls;

-- name: add_troubles
insert into troubles
select
    if(b.tool_use_id = '', hash(b.id), hash(b.agent_id, b.tool_use_id)), a.no, b.tool, b.at_ms, b.refused = 1
from batch as b join agents as a on a.id = b.agent_id;

-- name: drop_shares
delete from shares using touched as d where d.agent_no = shares.agent_no and d.message = shares.message;

-- name: add_shares
insert into shares
with called as (
    select c.message, c.agent_no, c.tool, count(*) as calls
    from calls as c semi join touched as d on d.agent_no = c.agent_no and d.message = c.message group by all
), parted as (
    select
        *,
        sum(calls) over (partition by message, agent_no) as of_reply,
        coalesce(sum(calls) over (
            partition by message, agent_no order by tool rows between unbounded preceding and 1 preceding
        ), 0) as before
    from called
)
select
    p.message, p.agent_no, r.at_ms, r.simulated, p.tool, p.calls,
    -- what rounding leaves goes to the next in line, so that the parts add up to the whole
    coalesce(r.cost_nanousd, 0) * (p.before + p.calls) // p.of_reply - coalesce(r.cost_nanousd, 0) * p.before // p.of_reply
from parted as p join replies as r on r.message = p.message and r.agent_no = p.agent_no;

-- name: set_meta
update meta set value = case name when 'clock' then $clock when 'version' then $version else $sign end
where name in ('clock', 'version', 'sign');
