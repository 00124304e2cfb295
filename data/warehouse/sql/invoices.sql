-- What was counted, as an invoice parts it.

-- name: cells
-- By day of UTC, model and run. Money of runs that no list has, as deleted ones, has no id.
select
    (s.quarter // 96)::integer as day, s.model, coalesce(t.id, '') as id, sum(s.cost_nanousd)::bigint as cost_nanousd,
    sum(s.unpriced)::bigint as unpriced
from spent($begin, $end, false, null, null, null, null, null, null) as s
left join tasks as t on t.no = s.task_no and t.deleted_at_ms is null
group by all having sum(s.replies) > 0 order by all;

-- name: runs
-- Every figure of the runs that are named in `billed_runs`, and the share of the invoice that stands there.
select
    f.id, f.description, f.runtime, f.status, f.created_at_ms, f.counted_nanousd, f.unpriced, f.reported_nanousd,
    f.listed_nanousd, f.transcript_nanousd, f.beside_nanousd, f.apart_nanousd,
    f.counted_nanousd > 0 and 100 * f.apart_nanousd >= $limit * f.counted_nanousd as drifting,
    b.share_nanousd::bigint as share_nanousd, b.within_nanousd::bigint as within_nanousd,
    coalesce(100.0 * abs(b.share_nanousd - b.within_nanousd) >= $limit * b.within_nanousd, false) as share_drifting
from figures(0, $end, false) as f join billed_runs as b on b.id = f.id
order by
    share_drifting desc, abs(b.share_nanousd - b.within_nanousd) desc nulls last, f.counted_nanousd desc,
    f.id;
