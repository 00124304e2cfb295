-- What people ask their own questions over: a copy with names instead of numbers, made into the database `copy`.

-- name: tasks
create table copy.tasks as
select
    id, description, task_type, status, complexity, analyst_included, analyst_by, analyst_reason, folder, runtime,
    simulated, created_by, make_timestamp_ms(created_at_ms) as created_at, make_timestamp_ms(started_at_ms) as started_at,
    make_timestamp_ms(ended_at_ms) as ended_at, make_timestamp_ms(archived_at_ms) as archived_at,
    make_timestamp_ms(deleted_at_ms) as deleted_at, tool_calls, run, rerun_of, priority, good, reworked
from tasks order by created_at_ms, id;

-- name: agents
create table copy.agents as
select
    a.id, a.task_id, a.step, a.role, a.name, coalesce(m.label, a.model) as model, a.status, a.runtime, a.simulated,
    make_timestamp_ms(a.created_at_ms) as created_at, make_timestamp_ms(a.started_at_ms) as started_at,
    make_timestamp_ms(a.ended_at_ms) as ended_at, a.tool_calls
from agents as a left join models as m on m.name = a.model order by a.created_at_ms, a.id;

-- name: replies
create table copy.replies as
select
    make_timestamp_ms(r.at_ms) as at, a.task_id, a.id as agent_id, a.role, m.label as model, r.tokens_input,
    r.tokens_output, r.tokens_cache_read, r.tokens_cache_write_5m, r.tokens_cache_write_1h, r.web_searches,
    r.cost_nanousd, (r.cost_nanousd::decimal(19, 0) * 0.000000001::decimal(10, 9))::decimal(28, 9) as cost_usd, r.simulated
from replies as r join models as m on m.no = r.model_no left join agents as a on a.no = r.agent_no;

-- name: tool_calls
create table copy.tool_calls as
with ends as (
    select call, bool_or(refused) as refused from troubles group by all
)
select
    make_timestamp_ms(c.at_ms) as at, a.task_id, a.id as agent_id, a.role, c.tool,
    coalesce(not e.refused, false) as failed, coalesce(e.refused, false) as refused, a.simulated
from calls as c join agents as a on a.no = c.agent_no left join ends as e on e.call = c.call;

-- name: columns
select table_name, column_name, data_type from duckdb_columns() where database_name = 'copy'
order by table_name, column_index;
