-- What the warehouse holds. It is a copy: every row can be made again from the store.

-- name: meta
create table meta (name varchar, value varchar);

-- name: models
create table models (no integer, name varchar, label varchar);

-- name: prices
-- Nano-dollars for a million tokens, by time and by the size of the prompt.
create table prices (
    model_no integer, from_ms bigint, until_ms bigint, above bigint, upto bigint,
    input bigint, output bigint, cache_read bigint, cache_write_5m bigint, cache_write_1h bigint
);

-- name: tasks
create table tasks (
    no integer, id varchar, description varchar, task_type varchar, status varchar, complexity varchar,
    analyst_choice varchar, analyst_included boolean, analyst_reason varchar, folder varchar, runtime varchar,
    simulated boolean, model varchar, created_by varchar, created_at_ms bigint, started_at_ms bigint,
    ended_at_ms bigint, archived_at_ms bigint, deleted_at_ms bigint, tool_calls bigint, reported_nanousd bigint,
    run integer, rerun_of varchar, priority varchar
);

-- name: agents
create table agents (
    no integer, id varchar, task_id varchar, step varchar, role varchar, name varchar, model varchar, status varchar,
    runtime varchar, simulated boolean, created_at_ms bigint, started_at_ms bigint, ended_at_ms bigint,
    tool_calls bigint, reported_nanousd bigint, task_no integer
);

-- name: replies
-- One row for each model reply, by the hashes of its two names.
create table replies (
    message ubigint, request ubigint, agent_no integer, model_no integer, at_ms bigint,
    tokens_input bigint, tokens_output bigint, tokens_cache_read bigint, tokens_cache_write_5m bigint,
    tokens_cache_write_1h bigint, cost_nanousd bigint, simulated boolean, web_searches bigint
);

-- name: usage
-- Sums by quarter of an hour, agent and model: every zone's day begins at a whole quarter, so days of any zone add up
-- from them. Rows are only added, those of a reply that changed with a negative sign: sums over them are always right.
create table usage (
    quarter integer, agent_no integer, model_no integer, simulated boolean, replies bigint, unpriced bigint,
    tokens_input bigint, tokens_output bigint, tokens_cache_read bigint, tokens_cache_write_5m bigint,
    tokens_cache_write_1h bigint, cost_nanousd bigint, input_nanousd bigint, output_nanousd bigint,
    cache_read_nanousd bigint, cache_write_5m_nanousd bigint, cache_write_1h_nanousd bigint, searches_nanousd bigint,
    uncached_nanousd bigint
);

-- name: calls
create table calls (message ubigint, agent_no integer, tool varchar);

-- name: shares
-- What the reply that called a tool cost, parted evenly among the calls it made.
create table shares (
    message ubigint, agent_no integer, at_ms bigint, simulated boolean, tool varchar, calls bigint, cost_nanousd bigint
);

-- name: priced
-- Replies with what each kind of their tokens cost by the price table, and what their cached tokens would have cost as
-- plain input. A reply that has no price has none of it.
create macro priced(found) as table
select
    r.*,
    if(r.cost_nanousd is null, 0, r.tokens_input * p.input // 1000000) as input_nanousd,
    if(r.cost_nanousd is null, 0, r.tokens_output * p.output // 1000000) as output_nanousd,
    if(r.cost_nanousd is null, 0, r.tokens_cache_read * p.cache_read // 1000000) as cache_read_nanousd,
    if(r.cost_nanousd is null, 0, r.tokens_cache_write_5m * p.cache_write_5m // 1000000) as cache_write_5m_nanousd,
    if(r.cost_nanousd is null, 0, r.tokens_cache_write_1h * p.cache_write_1h // 1000000) as cache_write_1h_nanousd,
    if(
        r.cost_nanousd is null, 0,
        (r.tokens_cache_read + r.tokens_cache_write_5m + r.tokens_cache_write_1h) * p.input // 1000000
    ) as uncached_nanousd,
    r.web_searches * (select value::bigint from meta where name = 'search_nanousd') as searches_nanousd
from query_table(found) as r
left join prices as p
    on p.model_no = r.model_no and r.at_ms >= p.from_ms and r.at_ms < p.until_ms
    and r.tokens_input + r.tokens_cache_read + r.tokens_cache_write_5m + r.tokens_cache_write_1h > p.above
    and r.tokens_input + r.tokens_cache_read + r.tokens_cache_write_5m + r.tokens_cache_write_1h <= p.upto;
