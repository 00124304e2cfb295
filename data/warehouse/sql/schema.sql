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
    run integer, rerun_of varchar, priority varchar, analyst_by varchar, analyst_percent integer, borderline boolean,
    good boolean, reworked boolean, words integer, way varchar
);

-- name: agents
create table agents (
    no integer, id varchar, task_id varchar, step varchar, role varchar, name varchar, model varchar, status varchar,
    runtime varchar, simulated boolean, created_at_ms bigint, started_at_ms bigint, ended_at_ms bigint,
    tool_calls bigint, reported_nanousd bigint, transcript_nanousd bigint, task_no integer
);

-- name: hot_replies
-- One row for each model reply, by the hashes of its two names; of months that are over long ago they lie in Parquet,
-- and `replies` shows both.
create table hot_replies (
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

-- name: hot_calls
-- Every call of a tool that was told; `message` is the reply that made it, where it is known.
create table hot_calls (message ubigint, agent_no integer, tool varchar, call ubigint, at_ms bigint);

-- name: warm
-- Files of Parquet, each with the rows of one month (UTC) of a noun.
create table warm (
    noun varchar, begin_ms bigint, file varchar, rows bigint, bytes bigint, first_ms bigint, last_ms bigint, sha256 varchar
);

-- name: gone_replies
-- Replies in such files that changed since, or count no longer; the file is written anew without them.
create table gone_replies (message ubigint, request ubigint, agent_no integer, at_ms bigint);

-- name: view_replies
create view replies as select * from hot_replies;

-- name: view_calls
create view calls as select * from hot_calls;

-- name: troubles
-- Calls that failed or were refused. A refusal may be of a call that nobody told of.
create table troubles (call ubigint, agent_no integer, tool varchar, at_ms bigint, refused boolean);

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

-- name: within
-- Usage between two moments, to the millisecond: whole quarters from the sums, what sticks out at both ends from the
-- replies themselves. So are the quarters in `cuts`, for who wants to part it at a moment within a quarter.
create macro within(begin_ms, end_ms, cuts := []) as table
select *, quarter::bigint * 900000 as at_ms from usage
where
    quarter >= (begin_ms + 899999) // 900000 and quarter < end_ms // 900000
    and (len(cuts) = 0 or not list_contains(cuts, quarter))
union all by name
select
    r.at_ms // 900000 as quarter, r.agent_no, r.model_no, r.simulated, 1 as replies,
    (r.cost_nanousd is null)::bigint as unpriced, r.tokens_input, r.tokens_output, r.tokens_cache_read,
    r.tokens_cache_write_5m, r.tokens_cache_write_1h, coalesce(r.cost_nanousd, 0) as cost_nanousd,
    coalesce(r.input_nanousd, 0) as input_nanousd, coalesce(r.output_nanousd, 0) as output_nanousd,
    coalesce(r.cache_read_nanousd, 0) as cache_read_nanousd,
    coalesce(r.cache_write_5m_nanousd, 0) as cache_write_5m_nanousd,
    coalesce(r.cache_write_1h_nanousd, 0) as cache_write_1h_nanousd, r.searches_nanousd,
    coalesce(r.uncached_nanousd, 0) as uncached_nanousd, r.at_ms
from priced('replies') as r
where
    (r.at_ms >= begin_ms and r.at_ms < least((begin_ms + 899999) // 900000 * 900000, end_ms))
    or (
        r.at_ms >= greatest(end_ms // 900000 * 900000, least((begin_ms + 899999) // 900000 * 900000, end_ms))
        and r.at_ms < end_ms
    )
    or (
        len(cuts) > 0 and list_contains(cuts, r.at_ms // 900000)
        and r.at_ms >= (begin_ms + 899999) // 900000 * 900000 and r.at_ms < end_ms // 900000 * 900000
    );

-- name: spent
-- The one place that decides whose money counts: simulated money is in no sum with real money. Deleted tasks stay in,
-- for what they spent stays spent. A filter that is null asks for nothing.
create macro spent(
    begin_ms, end_ms, is_simulated, of_role, of_model, of_type, of_folder, of_person, with_analyst, cuts := []
) as table
select
    u.* exclude (agent_no, model_no), u.agent_no, a.task_no, a.role, m.label as model, t.task_type, t.folder,
    t.created_by as person, t.analyst_included, t.runtime, t.status
from within(begin_ms, end_ms, cuts := cuts) as u
join models as m on m.no = u.model_no
left join agents as a on a.no = u.agent_no
left join tasks as t on t.no = a.task_no
where
    u.simulated = is_simulated
    and (of_role is null or a.role = of_role)
    and (of_model is null or m.label = of_model)
    and (of_type is null or t.task_type = of_type)
    and (of_folder is null or t.folder = of_folder)
    and (of_person is null or t.created_by = of_person)
    and (with_analyst is null or t.analyst_included = with_analyst);

-- name: figures
-- The figures that are known of each run that was created between two moments: what was counted reply by reply when it
-- was said, the command line's own total, what the price table of today says for the same tokens, and what the
-- transcripts of its agents add up to. A session that was read in was counted from its transcript. Of a run some of
-- whose agents have no such figure, what was counted of the others is what it stands beside.
create macro figures(begin_ms, end_ms, is_simulated) as table
with counted as (
    select
        a.task_no, sum(u.cost_nanousd)::bigint as counted_nanousd, sum(u.unpriced)::bigint as unpriced,
        sum(
            u.input_nanousd + u.output_nanousd + u.cache_read_nanousd + u.cache_write_5m_nanousd
            + u.cache_write_1h_nanousd + u.searches_nanousd
        )::bigint as listed_nanousd,
        coalesce(sum(u.cost_nanousd) filter (a.transcript_nanousd is not null), 0)::bigint as beside_nanousd
    from usage as u join agents as a on a.no = u.agent_no where u.simulated = is_simulated group by all
), told as (
    select task_no, sum(transcript_nanousd)::bigint as transcript_nanousd
    from agents where transcript_nanousd is not null group by all
)
select
    t.id, t.description, t.runtime, t.status, t.task_type, t.folder, t.created_by as person, t.created_at_ms,
    t.ended_at_ms, c.counted_nanousd, c.unpriced, t.reported_nanousd, c.listed_nanousd,
    if(t.runtime = 'imported', c.counted_nanousd, s.transcript_nanousd) as transcript_nanousd,
    if(t.runtime = 'imported', c.counted_nanousd, c.beside_nanousd) as beside_nanousd,
    greatest(
        abs(coalesce(t.reported_nanousd, c.counted_nanousd) - c.counted_nanousd),
        abs(c.listed_nanousd - c.counted_nanousd),
        if(t.runtime = 'imported', 0, abs(coalesce(s.transcript_nanousd, c.beside_nanousd) - c.beside_nanousd))
    ) as apart_nanousd
from counted as c
join tasks as t on t.no = c.task_no
left join told as s on s.task_no = c.task_no
where t.deleted_at_ms is null and t.created_at_ms >= begin_ms and t.created_at_ms < end_ms;
