// The parts of the live board: each is built once and then only told what changed. live.js puts them on the page.
const ICONS = {
  idle: '<circle cx="8" cy="8" r="5.5"/>',
  pending: '<circle cx="8" cy="8" r="5.5" stroke-dasharray="2.6 1.8"/>',
  active: '<circle cx="8" cy="8" r="5.5"/><circle cx="8" cy="8" r="2.6" fill="currentColor" stroke="none"/>',
  waiting: '<circle cx="8" cy="8" r="5.5"/><path d="M8 4.8V8l2.2 1.4"/>',
  completed: '<path d="M3.2 8.6l3.1 3.1 6.5-7"/>',
  failed: '<path d="M4 4l8 8M12 4l-8 8"/>',
  cancelled: '<circle cx="8" cy="8" r="5.5"/><path d="M4.2 4.2l7.6 7.6"/>',
  warning: '<path d="M8 2.2l6.2 11.3H1.8z"/><path d="M8 6.4v3.4M8 11.6v.2"/>',
};
Object.assign(ICONS, { in_progress: ICONS.active, paused: ICONS.waiting, skipped: ICONS.pending, deleted: ICONS.cancelled });
const WRONG = { stuck: ICONS.warning, looping: '<path d="M12.8 6A5.2 5.2 0 1 0 13 9.4"/><path d="M13.4 2.6v3.6H9.8"/>' };
Object.assign(ICONS, WRONG);
const WORDS = { in_progress: 'running', pending: 'queued' };
const TONES = { completed: 'good', failed: 'bad', waiting: 'warn', paused: 'warn', stuck: 'bad', looping: 'bad', active: 'live', in_progress: 'live' };

const h = (tag, cls, ...kids) => {
  const node = document.createElement(tag);
  if (cls) node.className = cls;
  node.append(...kids);
  return node;
};
const text = (node, value) => { const v = value ?? ''; if (node.textContent !== String(v)) node.textContent = v; };
const attr = (node, name, value) => {
  if (value === null || value === undefined || value === false) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
};
const show = (node, on) => { if (node.hidden === !!on) node.hidden = !on; };
const cap = (s) => (s ? s[0].toUpperCase() + s.slice(1) : '');
const icon = (name) => {
  const box = h('span', 'icon');
  box.setAttribute('aria-hidden', 'true');
  setIcon(box, name);
  return box;
};
const setIcon = (box, name) => {
  if (box.dataset.icon === name) return;
  box.dataset.icon = name;
  box.innerHTML = `<svg viewBox="0 0 16 16" width="14" height="14">${ICONS[name] ?? ICONS.idle}</svg>`;
};
const clock = (ms) => {
  const s = Math.max(0, Math.floor(ms / 1000)), two = (n) => String(n).padStart(2, '0');
  if (s >= 86400) return `${Math.floor(s / 86400)} d ${Math.floor(s / 3600) % 24} h`;
  return s < 3600 ? `${Math.floor(s / 60)}:${two(s % 60)}` : `${Math.floor(s / 3600)} h ${two(Math.floor(s / 60) % 60)}`;
};
// What a person stopped or holds has not gone wrong, though it says why.
const wrong = (e) => !!e.error && e.status === 'failed';
const plural = (n, word) => `${n} ${word}${n === 1 ? '' : 's'}`;
const sumFiles = (files) => (typeof files === 'number' ? files : ['created', 'modified', 'deleted'].reduce((n, k) => n + (files?.[k]?.length ?? files?.[k] ?? 0), 0));

function storeTrouble({ doing, since }) {
  const at = `${new Date(since).toISOString().slice(11, 19)} UTC`;
  if (doing === 'write') return `The store cannot be written since ${at}: what agents do is kept until it can.`;
  return `The store cannot be reached: showing the state of ${at}, ${clock(Date.now() - since)} old.`;
}
function status(name) {
  const word = h('span'), mark = icon(name), box = h('span', 'status', mark, word);
  box.update = (now) => { setIcon(mark, now); text(word, WORDS[now] ?? now); attr(box, 'data-tone', TONES[now] ?? 'idle'); };
  box.update(name);
  return box;
}
function ticker(cls) {
  const node = h('span', cls);
  node.update = (from, to) => { node.from = from; node.to = to; node.tick(); };
  node.tick = () => text(node, node.from ? clock((node.to ?? Date.now()) - node.from) : '');
  return node;
}
// Until a time: how long it still takes; nothing when there is none or it has come.
function countdown(cls) {
  const node = h('span', cls);
  node.title = 'Until the next try';
  node.update = (at) => { node.at = at; node.tick(); };
  node.tick = () => text(node, node.at > Date.now() ? `in ${clock(node.at - Date.now() + 999)}` : '');
  return node;
}
// How long the tool call that runs now has taken.
function running(cls) {
  const node = ticker(cls), tick = node.tick;
  node.title = 'This tool call so far';
  node.tick = () => { tick(); if (node.from) text(node, `for ${node.textContent}`); };
  return node;
}
function spark(values, bars) {
  const top = Math.max(...values, 1), step = 100 / Math.max(values.length - (bars ? 0 : 1), 1);
  const y = (v) => (22 - (v / top) * 20).toFixed(1);
  if (bars) return values.map((v, i) => `<rect x="${(i * step + 0.6).toFixed(1)}" width="${(step - 1.2).toFixed(1)}" y="${y(v)}" height="${(23 - y(v)).toFixed(1)}"/>`).join('');
  return `<path d="${values.map((v, i) => `${i ? 'L' : 'M'}${(i * step).toFixed(1)} ${y(v)}`).join('')}"/>`;
}

// Every part is built once and then only told what changed, so focus, hover and scroll survive.
const PARTS = {
  kpis() {
    const tile = (label, bars) => {
      const value = h('div', 'value'), note = h('div', 'note'), graph = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
      for (const [k, v] of Object.entries({ viewBox: '0 0 100 24', preserveAspectRatio: 'none', 'aria-hidden': 'true', class: bars ? 'spark bars' : 'spark' })) graph.setAttribute(k, v);
      const node = h('div', 'tile', h('div', 'label', label), value, note);
      node.setAttribute('role', 'listitem');
      if (bars !== undefined) node.append(graph); else note.classList.add('two');
      node.update = (v, n, series) => {
        text(value, v); text(note, n); note.title = n ?? '';
        const key = JSON.stringify(series);
        if (series && node.seen !== key) { node.seen = key; const some = series.some(Boolean); graph.innerHTML = some ? spark(series, bars) : ''; note.classList.toggle('two', !some); }
      };
      return node;
    };
    const t = { active: tile('Active agents', true), running: tile('Running tasks'), spend: tile('Spend today', false), tokens: tile('Tokens today'), success: tile('Success, 7 days') };
    const node = h('div', 'kpis', ...Object.values(t));
    node.setAttribute('role', 'list');
    node.setAttribute('aria-label', 'The fleet in numbers');
    node.update = (e) => {
      t.active.update(`${e.active} of ${e.agents}`, roles(e.by_role) || 'no agent is live', e.start_spark);
      t.running.update(e.running, e.waiting || e.analyst);
      t.spend.update(e.spend, e.spend_note, e.spend_spark);
      t.tokens.update(e.tokens, e.tokens_note);
      t.success.update(e.success, e.success_note);
    };
    return node;
  },
  task(ctx, full) {
    const s = status('pending'), title = h('a', 'title'), cost = h('span', 'num'), time = ticker('num'), demo = h('span', 'demo', 'DEMO');
    const meta = h('div', 'meta'), rail = h('ol', 'rail'), error = h('p', 'error'), facts = h('span', 'facts'), crew = h(full ? 'span' : 'button', 'crew'), members = h('div', 'members');
    demo.title = 'Scripted replies, no model: nothing was spent';
    const head = h('div', 'row', s, ...(full ? [] : [title]), demo, h('span', 'push'), crew, facts, time, cost);
    const node = h('div', full ? 'task full' : 'task', error, head, meta, rail, members);
    node.unfold = (on) => { node.open = on; attr(crew, 'aria-expanded', String(on)); show(members, on); };
    node.crew = (agents) => { keyed(members, node.open ? agents : [], () => PARTS.member(ctx)); };
    if (!full) { crew.type = 'button'; crew.title = 'Show agents'; crew.onclick = () => { node.unfold(!node.open); ctx.draw(); }; node.unfold(false); } else show(members, false);
    if (!full) node.setAttribute('role', 'listitem');
    node.update = (e) => {
      s.update(e.status); text(title, e.title); link(ctx, title, `task?id=${encodeURIComponent(e.id)}`);
      show(demo, e.simulated && !full); show(error, e.error && !full); text(error, e.error); attr(error, 'data-bad', wrong(e));
      text(cost, e.cost + (e.unpriced ? ' +' : '')); cost.title = e.unpriced ? 'Some replies have no known price' : '';
      text(crew, crewWords(e)); show(crew, e.agents);
      text(facts, [e.tokens && `${e.tokens} tokens`, sumFiles(e.files) ? `${plural(sumFiles(e.files), 'file')} changed` : ''].filter(Boolean).join(' · '));
      time.update(e.started_at, e.ended_at);
      const a = e.analyst ?? {};
      text(meta, [e.queue, e.type, e.folder, e.runtime === 'demo' ? 'scripted replies' : e.runtime, a.none ?? `ANALYST ${a.included ? 'in' : 'out'}${a.by ? ` by ${a.by}` : ''}${a.cost ? ` for ${a.cost}` : ''}${a.reason ? `: ${a.reason}` : ''}`].filter(Boolean).join(' · '));
      meta.title = meta.textContent;
      keyed(rail, (e.steps ?? []).map((p) => [p.key, p]), step);
    };
    return node;
  },
  agent(ctx) {
    const role = h('span', 'role'), s = status('idle'), demo = h('span', 'demo', 'DEMO'), activity = h('div', 'activity'), next = countdown('num next'), tool = running('num next'), time = ticker('num');
    const fill = h('span', 'fill'), bar = h('span', 'bar', fill), gauge = h('span'), warn = icon('warning'), files = h('span', 'files');
    const money = h('span', 'num'), a = h('a', 'agent', h('div', 'row', role, demo, h('span', 'push'), s), h('div', 'row', activity, tool, next, time), h('div', 'row gauge', bar, warn, gauge), h('div', 'row', money, h('span', 'push'), files));
    bar.setAttribute('role', 'meter'); bar.setAttribute('aria-label', 'Context window used'); bar.setAttribute('aria-valuemin', 0); bar.setAttribute('aria-valuemax', 100);
    const node = h('div', 'cell', a);
    node.setAttribute('role', 'listitem');
    node.update = (e) => {
      attr(a, 'data-role', e.role); attr(a, 'data-live', !e.ended_at); link(ctx, a, `agent?id=${encodeURIComponent(e.id)}`);
      text(role, e.name || cap(e.role)); role.title = `${e.name} · ${e.model}`; s.update(e.alert ?? e.status); show(demo, e.simulated);
      text(activity, e.error || e.doing || e.activity || (e.ended_at ? e.model : 'starting')); activity.title = activity.textContent; attr(activity, 'data-bad', wrong(e));
      time.update(e.started_at, e.ended_at); next.update(e.retry_at); tool.update(e.tool_since);
      const used = e.context?.percent;
      attr(bar, 'aria-valuenow', used ?? 0); fill.style.width = `${Math.min(used ?? 0, 100)}%`;
      attr(bar, 'data-warn', used >= 80); show(warn, used >= 80);
      text(gauge, used === null || used === undefined ? 'context not known' : `context ${used} %${used >= 80 ? ', nearly full' : ''}`);
      text(money, `${e.cost} · ${e.tokens} tokens`);
      const n = sumFiles(e.files); text(files, n ? plural(n, 'file') : '');
    };
    return node;
  },
  // One agent in a line, inside the card of its task.
  member(ctx) {
    const name = h('span', 'role'), s = status('idle'), doing = h('span', 'doing'), time = ticker('num'), money = h('span', 'num');
    const node = h('a', 'member', name, s, doing, h('span', 'push'), time, money);
    node.update = (e) => {
      attr(node, 'data-role', e.role); link(ctx, node, `agent?id=${encodeURIComponent(e.id)}`);
      text(name, e.name); s.update(e.alert ?? e.status); text(doing, e.error || e.doing || ''); doing.title = doing.textContent;
      time.update(e.started_at, e.ended_at); text(money, `${e.cost} · ${e.tokens} tokens`);
    };
    return node;
  },
  // What failed and nobody has looked at.
  failures(ctx) {
    const all = h('a', 'all'), clear = h('button', 'seen', 'All seen'), rows = h('div', 'rows');
    all.href = 'tasks?status=failed'; // a plain link: Streamlit switches to no page whose filter this page has too
    const node = h('div', 'failures', rows, h('div', 'row', all, h('span', 'push'), clear));
    rows.setAttribute('role', 'list'); rows.setAttribute('aria-label', 'Tasks that failed and nobody has looked at');
    clear.type = 'button'; clear.title = 'Take these off here: somebody has looked at them';
    node.update = (e) => {
      keyed(rows, e.items.map((one) => [one.id, one]), () => PARTS.failure(ctx));
      clear.onclick = () => ctx.emit('seen', e.items.map((one) => one.id));
      show(clear, e.items.length > 1);
      const more = e.count - e.items.length;
      text(all, more ? `and ${plural(more, 'more task')} that failed` : ''); show(all, more);
    };
    return node;
  },
  failure(ctx) {
    const title = h('a', 'title'), demo = h('span', 'demo', 'DEMO'), at = h('time', 'num'), why = h('div', 'why'), done = h('button', 'seen', 'Seen');
    const node = h('div', 'failure', h('div', 'row', icon('failed'), title, demo, h('span', 'push'), at, done), why);
    node.setAttribute('role', 'listitem');
    done.type = 'button';
    node.update = (e) => {
      text(title, e.title); link(ctx, title, `task?id=${encodeURIComponent(e.id)}`); show(demo, e.simulated);
      const d = new Date(e.ended_at), today = d.toDateString() === new Date().toDateString();
      text(at, d.toLocaleString([], { ...(today ? {} : { weekday: 'short' }), hour: '2-digit', minute: '2-digit', hour12: false })); at.title = d.toLocaleString();
      text(why, e.why); why.title = e.why;
      attr(done, 'aria-label', `Seen: ${e.title}`); done.onclick = () => ctx.emit('seen', [e.id]);
    };
    return node;
  },
  line() {
    const at = h('time', 'num'), who = h('span', 'who'), words = h('span', 'words'), node = h('div', 'line', at, who, words);
    node.setAttribute('role', 'listitem');
    node.update = (e) => {
      const d = new Date(e.at); text(at, d.toLocaleTimeString([], { hour12: false })); at.title = d.toLocaleString();
      attr(who, 'data-role', e.role); text(who, e.agent || (e.role ? cap(e.role) : 'Task')); text(words, e.words); attr(node, 'data-kind', e.kind);
    };
    return node;
  },
};
function step() {
  const s = icon('pending'), name = h('span', 'name'), time = ticker('num'), doing = h('span', 'doing'), word = h('span', 'unseen'), node = h('li', 'step', s, name, word, time, doing);
  node.update = (e) => {
    attr(node, 'data-role', e.role); attr(node, 'data-status', e.status); setIcon(s, e.status);
    text(name, e.key); text(word, WORDS[e.status] ?? e.status); time.update(e.started_at, e.ended_at);
    text(doing, e.status === 'active' ? e.activity : ''); node.title = `${e.key}: ${e.status}`;
  };
  return node;
}
const crewWords = ({ agents = 0, finished: done = {} }) => plural(agents, 'agent') + (done.agents && done.agents < agents ? `, ${done.agents} finished (${done.cost} · ${done.tokens} tokens)` : '');
const roles = (by) => Object.entries(by ?? {}).filter(([, n]) => n).map(([r, n]) => (n > 1 ? `${n} × ${r}` : r)).join(', ');

function link(ctx, a, href) {
  if (a.getAttribute('href') === href) return;
  a.setAttribute('href', href);
  a.onclick = (event) => {
    if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    ctx.emit('open', href);
  };
}
// Children of a box by key: kept, moved only if their order changed, made or removed.
function keyed(box, items, make) {
  const nodes = (box.nodes ??= new Map()), wanted = new Set(items.map(([key]) => key));
  for (const [key, node] of nodes) if (!wanted.has(key)) { node.remove(); nodes.delete(key); }
  let at = box.firstChild;
  for (const [key, value] of items) {
    let node = nodes.get(key);
    if (!node) nodes.set(key, (node = make()));
    if (node !== at) box.insertBefore(node, at); else at = at.nextSibling;
    if (node.given === value) continue; // most elements did not change, and then they are the very same
    node.given = value;
    const now = JSON.stringify(value);
    if (node.now !== now) { node.now = now; node.update(value); }
  }
}
