// A conversation of any length: only what is in sight is drawn, fetched in stretches, and it grows while the agent works.
const PAGE = 60, OVER_PX = 700, GUESS_PX = 40, NEAR_PX = 40, TYPING_MS = 250, CAP_MS = 30000, ALIGN_PX = 56;
const DULL = new Set(['activity', 'total_reported', 'transcript_counted', 'step_moved', 'task_moved', 'alert_raised', 'alert_answered']);

class Transcript {
  constructor(component) {
    this.opened = new Set(); this.details = new Map(); this.asking = new Map();
    this.sought = ''; this.hits = []; this.hit = -1; this.fails = 0;
    const q = (name) => component.parentElement.querySelector(name);
    this.root = q('.talk'); this.scroll = q('.scroll'); this.list = q('.list'); this.note = q('.note-line'); this.empty = q('.empty');
    this.field = q('input'); this.count = q('.count'); this.announcer = q('.announcer');
    this.parts = { up: q('.up'), down: q('.down'), wrong: q('.wrong-ones'), start: q('.start'), end: q('.end'), export: q('.export') };
    this.scroll.onscroll = () => this.scrolled();
    for (const kind of ['wheel', 'touchmove', 'keydown', 'pointerdown']) this.scroll.addEventListener(kind, () => { this.target = null; this.moved = true; }, { passive: true });
    this.field.oninput = () => { clearTimeout(this.typing); this.typing = setTimeout(() => this.search(), TYPING_MS); };
    this.field.onkeydown = (event) => {
      if (event.key === 'Escape') { this.field.value = ''; this.search(); }
      if (event.key === 'Enter') { event.preventDefault(); if (this.field.value.trim() !== this.sought) this.search(); else this.step(event.shiftKey ? -1 : 1); }
    };
    this.parts.up.onclick = () => this.step(-1);
    this.parts.down.onclick = () => this.step(1);
    this.parts.wrong.onclick = () => this.failures();
    this.parts.start.onclick = () => this.go(0);
    this.parts.end.onclick = () => { this.target = null; this.follow = true; this.draw(); };
    this.sizes = new ResizeObserver(() => this.later());
    this.sizes.observe(this.scroll);
    this.onVisible = () => { if (!document.hidden) { this.later(); this.refresh(); } };
    document.addEventListener('visibilitychange', this.onVisible);
  }
  run({ data, parentElement, setTriggerValue }) {
    this.emit = setTriggerValue;
    const host = parentElement.host ?? this.root, other = this.data?.agent !== data.agent, moved = this.data && data.message && data.message !== this.data.message;
    this.data = data;
    const dark = isDark(host);
    this.root.dataset.theme = dark ? 'dark' : 'light';
    this.root.style.setProperty('--role', data.colours[dark ? 1 : 0]);
    this.parts.export.href = `${this.address()}?format=md`;
    if (other) { const old = this.ws; this.ws = null; old?.close(); }
    if (other || moved) this.begin();
  }
  base() { return document.baseURI.replace(/[?#].*$/, '').replace(/[^/]*$/, ''); }
  address() { return `${this.base()}api/v1/agents/${encodeURIComponent(this.data.agent)}/conversation`; }
  // Asking
  async ask(given) {
    const url = `${this.address()}?${new URLSearchParams({ detail: 'short', ...given })}`;
    const answer = await fetch(url, { headers: { accept: 'application/json' } });
    if (!/json/.test(answer.headers.get('content-type') ?? '')) throw new Error('The API of this server does not answer here.');
    const said = await answer.json();
    if (!answer.ok) throw Object.assign(new Error(said.error?.message ?? `The server answered ${answer.status}.`), { status: answer.status });
    return said;
  }
  async begin() {
    this.total = 0; this.items = new Map(); this.heights = []; this.nodes = new Map(); this.pages = new Map(); this.clock = 0; this.round = (this.round ?? 0) + 1;
    this.list.replaceChildren();
    const link = this.data.message, fromEnd = this.data.live || this.data.failed, round = this.round;
    this.follow = !link && fromEnd;
    const stretch = link ? { at: link, limit: PAGE } : { from: fromEnd ? -PAGE : 0, limit: PAGE };
    try {
      let first = await this.ask(link ? stretch : { ...stretch, glance: true });
      if (round !== this.round) return;
      if (first.provisional) { // the first of a long conversation at once, all of it a moment later
        this.take(first); this.looking = true; this.draw();
        first = await this.ask(stretch);
        this.looking = false;
        if (round !== this.round) return;
        this.items.clear(); this.heights = []; this.list.replaceChildren(); this.nodes.clear();
      }
      this.take(first);
      this.say('');
      if (link) this.go(first.place, true); else this.draw();
    } catch (error) {
      if (round !== this.round) return;
      if (link && error.status === 404) { this.data = { ...this.data, message: '' }; await this.begin(); this.say(error.message); return; }
      this.failed(error, () => this.begin());
    }
    if (!this.ws) this.listen();
  }
  failed(error, again) {
    this.fails += 1;
    const wait = Math.min(500 * 2 ** this.fails, CAP_MS);
    this.say(`The conversation cannot be read: ${error.message}`, again);
    clearTimeout(this.retry);
    this.retry = setTimeout(() => { if (!this.closed) again(); }, wait);
  }
  say(words, again) {
    this.note.replaceChildren(words, ...(again ? [' ', button('more', 'Try again', '', again)] : []));
    show(this.note, words);
  }
  take(answer) {
    this.fails = 0;
    this.total = answer.total; this.clock = Math.max(this.clock, answer.clock); this.alive = answer.live;
    this.heights.length = this.total;
    for (const item of answer.items) this.items.set(item.position, item);
    text(this.parts.wrong, answer.failures ? `${answer.failures.toLocaleString('en')} failed` : '');
    show(this.parts.wrong, answer.failures);
    show(this.empty, !this.total);
    this.status();
  }
  async page(number) {
    if (this.looking || this.pages.has(number)) return;
    this.pages.set(number, true);
    const round = this.round;
    try {
      const answer = await this.ask({ from: number * PAGE, limit: PAGE });
      if (round !== this.round) return;
      this.take(answer);
      this.say('');
      for (let at = number * PAGE; at < (number + 1) * PAGE; at += 1) this.forget(at);
      this.later();
    } catch (error) {
      this.pages.delete(number);
      if (round === this.round) this.failed(error, () => this.later());
    }
  }
  // What is new, or has changed. One question at a time: what happens meanwhile is asked for next.
  async refresh() {
    if (this.closed || this.looking || (!this.clock && !this.total)) return;
    if (this.refreshing) { this.again = true; return; }
    this.refreshing = true;
    const round = this.round;
    try {
      do {
        this.again = false;
        const since = this.clock, answer = await this.ask({ since, limit: 200 });
        if (round !== this.round) break;
        this.changed(answer, since);
      } while (this.again);
      this.say('');
    } catch (error) { if (round === this.round) this.failed(error, () => this.refresh()); }
    this.refreshing = false;
  }
  changed(answer) {
    const before = this.total;
    if (answer.next_cursor || answer.settled < before) { // it moved, or much was missed: what is not in sight is asked for anew
      const from = answer.next_cursor ? 0 : answer.settled;
      for (const at of [...this.items.keys()]) if (at >= from) { this.items.delete(at); this.forget(at); }
      for (const number of [...this.pages.keys()]) if ((number + 1) * PAGE > from) this.pages.delete(number);
      this.heights.length = Math.min(this.heights.length, answer.settled);
    }
    this.take(answer);
    for (const item of answer.items) { this.details.delete(item.key); this.forget(item.position); }
    const fresh = this.total - before;
    if (fresh > 0 && this.follow) this.tell(`${plural(fresh, 'new message')}`);
    if (fresh > 0 && this.sought) this.search(true);
    this.unseen = this.follow ? 0 : (this.unseen ?? 0) + Math.max(fresh, 0);
    this.draw();
  }
  listen() {
    const url = new URL('api/v1/events', this.base());
    url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    url.search = new URLSearchParams({ topics: `task:${this.data.task}`, after: this.clock });
    const ws = this.ws = new WebSocket(url);
    let heard = 0;
    ws.onmessage = (message) => {
      heard += 1;
      const { kind, data } = JSON.parse(message.data);
      if (kind === 'resync' || (kind !== 'heartbeat' && data?.agent_id === this.data.agent && !DULL.has(kind))) this.refresh();
    };
    ws.onclose = (event) => {
      if (this.closed || ws !== this.ws || event.code === 4404 || event.code === 4400) return;
      this.drops = heard ? 1 : (this.drops ?? 0) + 1;
      this.reopen = setTimeout(() => { this.listen(); this.refresh(); }, Math.min(250 * 2 ** this.drops, CAP_MS));
    };
  }
  // Drawing
  later() { this.frame ??= requestAnimationFrame(() => { this.frame = null; this.draw(); }); }
  scrolled() {
    const atEnd = this.scroll.scrollTop + this.scroll.clientHeight >= this.scroll.scrollHeight - NEAR_PX;
    if (atEnd && !this.target) { this.follow = true; this.moved = false; this.unseen = 0; } else if (this.moved) this.follow = false;
    this.later();
  }
  forget(at) { this.nodes.get(at)?.remove(); this.nodes.delete(at); }
  // Where each row begins, by what was measured and, for those never drawn, by what the drawn ones are like.
  tops() {
    const out = new Float64Array(this.total + 1);
    let known = 0, sum = 0;
    for (let i = 0; i < this.total; i += 1) if (this.heights[i]) { known += 1; sum += this.heights[i]; }
    const guess = known > 20 ? sum / known : GUESS_PX;
    for (let i = 0; i < this.total; i += 1) out[i + 1] = out[i] + (this.heights[i] || guess);
    return out;
  }
  draw() {
    if (this.closed || !this.heights) return;
    if (!this.scroll.clientHeight) return;
    for (let pass = 0; pass < 3; pass += 1) if (!this.pass()) break;
    this.status();
  }
  pass() {
    const tops = this.tops(), high = this.scroll.clientHeight, last = tops[this.total];
    let top = this.follow ? Math.max(0, last - high) : this.target ? Math.max(0, tops[this.target.at] - ALIGN_PX) : this.scroll.scrollTop;
    top = Math.min(top, Math.max(0, last - high));
    const from = before(tops, top - OVER_PX, this.total), to = Math.min(this.total, before(tops, top + high + OVER_PX, this.total) + 1);
    const anchor = this.follow || this.target ? null : this.anchor();
    this.fill(from, to);
    this.list.style.paddingTop = `${tops[from]}px`;
    this.list.style.paddingBottom = `${Math.max(0, last - tops[to])}px`;
    let differs = false;
    for (let at = from; at < to; at += 1) {
      const node = this.nodes.get(at), tall = node?.offsetHeight;
      if (!node || node.dataset.kind === 'wait') continue;
      if (Math.abs((this.heights[at] ?? 0) - tall) > 0.5) { this.heights[at] = tall; differs = true; }
    }
    if (this.follow) this.scroll.scrollTop = this.scroll.scrollHeight;
    else if (this.target) {
      const node = this.nodes.get(this.target.at);
      if (node) this.scroll.scrollTop += node.getBoundingClientRect().top - this.scroll.getBoundingClientRect().top - ALIGN_PX;
    } else if (anchor?.node.isConnected) this.scroll.scrollTop += anchor.node.getBoundingClientRect().top - anchor.top;
    return differs;
  }
  // The first row in sight stays where it is while those above it turn out taller or smaller.
  anchor() {
    const edge = this.scroll.getBoundingClientRect().top;
    for (const node of this.list.children) {
      const box = node.getBoundingClientRect();
      if (box.bottom > edge) return { node, top: box.top };
    }
    return null;
  }
  fill(from, to) {
    for (const at of [...this.nodes.keys()]) {
      if (at >= from && at < to) continue;
      if (this.nodes.get(at).contains(this.root.getRootNode().activeElement)) this.scroll.focus({ preventScroll: true });
      this.forget(at);
    }
    let next = this.list.firstChild;
    for (let at = from; at < to; at += 1) {
      const item = this.items.get(at);
      let node = this.nodes.get(at);
      if (!item) { this.page(Math.floor(at / PAGE)); }
      if (!node || (item && node.dataset.kind === 'wait')) {
        const made = item ? row(item, this.items.get(at - 1), this) : waiting();
        if (node) { if (node === next) next = node.nextSibling; node.remove(); }
        this.nodes.set(at, (node = made));
        attr(node, 'aria-posinset', at + 1);
      }
      attr(node, 'aria-setsize', this.total);
      attr(node, 'data-marked', this.marked === item?.key && item ? true : null);
      attr(node, 'data-hit', this.hit >= 0 && this.hits[this.hit] === at ? true : null);
      if (node !== next) this.list.insertBefore(node, next); else next = node.nextSibling;
    }
  }
  redraw(at) { if (at === undefined) for (const one of [...this.nodes.keys()]) this.forget(one); else this.forget(at); this.draw(); }
  go(at, mark) {
    if (at === null || at === undefined) return;
    this.follow = false; this.moved = false;
    this.target = { at };
    if (mark) { const item = this.items.get(at); this.marked = item?.key; if (item?.kind === 'thinking' || item?.kind === 'tool') this.opened.add(item.key); }
    this.draw();
  }
  status() {
    show(this.parts.end, !this.follow || !this.alive);
    text(this.parts.end, this.unseen ? `${this.unseen} new ↓` : this.alive ? 'Follow ↓' : 'End');
    attr(this.root, 'data-follow', this.follow && this.alive ? true : null);
  }
  tell(words) { clearTimeout(this.telling); this.telling = setTimeout(() => text(this.announcer, words), 1000); }
  // Searching
  async search(quiet) {
    const sought = this.field.value.trim(), other = sought !== this.sought;
    this.sought = sought;
    if (other) { this.onlyFailed = false; this.hit = -1; }
    if (!sought) { this.hits = []; this.counted(); if (other) this.redraw(); return; }
    try {
      const answer = await this.ask({ q: sought, limit: 1 });
      if (sought !== this.field.value.trim()) return;
      this.found(answer, quiet);
      if (other) this.redraw();
      if (!quiet && this.hits.length) { const near = this.hits.findIndex((at) => at >= this.top()); this.jump(near < 0 ? 0 : near); }
    } catch (error) { this.say(`The search failed: ${error.message}`); }
  }
  async failures() {
    if (!this.onlyFailed) {
      try {
        this.field.value = ''; this.sought = ''; this.onlyFailed = true;
        this.found(await this.ask({ failed: true, limit: 1 }));
        this.redraw();
      } catch (error) { this.say(`What failed cannot be read: ${error.message}`); return; }
    }
    this.step(1);
  }
  found(answer) {
    this.hits = answer.hits ?? []; this.hitsTotal = answer.hits_total;
    this.counted();
  }
  counted() {
    const n = this.hits.length, some = this.sought || this.onlyFailed, most = this.hitsTotal > n ? `${this.hitsTotal.toLocaleString('en')}` : n.toLocaleString('en');
    text(this.count, !some ? '' : !n ? 'nothing found' : this.hit < 0 ? plural(this.hitsTotal ?? n, 'hit') : `${(this.hit + 1).toLocaleString('en')} of ${most}`);
    for (const part of [this.parts.up, this.parts.down]) part.disabled = !n;
  }
  step(by) { if (this.hits.length) this.jump((this.hit + by + this.hits.length) % this.hits.length); }
  async jump(number) {
    this.hit = number;
    this.counted();
    const at = this.hits[number];
    if (!this.items.has(at)) await this.page(Math.floor(at / PAGE));
    const item = this.items.get(at);
    if (item && this.hit === number && this.hides(item)) { this.opened.add(item.key); this.forget(at); }
    this.go(at);
  }
  // Whether what was sought stands in what is folded.
  hides(item) {
    if (this.opened.has(item.key) || !['tool', 'thinking', 'note'].includes(item.kind)) return false;
    return this.onlyFailed || !`${item.words} ${item.cut ? '' : item.text ?? ''} ${item.tool ?? ''}`.toLowerCase().includes(this.sought.toLowerCase());
  }
  top() { const tops = this.tops(); return before(tops, this.scroll.scrollTop, this.total); }
  // What a row asks for
  toggle(item) {
    if (this.opened.has(item.key)) this.opened.delete(item.key); else this.opened.add(item.key);
    const focused = this.root.getRootNode().activeElement?.closest?.('.row')?.dataset.key === item.key;
    this.target = null; this.follow = false;
    this.redraw(item.position);
    if (focused) this.nodes.get(item.position)?.querySelector('button')?.focus({ preventScroll: true });
  }
  fetchDetail(item, again) {
    if (again) this.details.delete(item.key);
    if (!this.asking.has(item.key)) this.asking.set(item.key, this.askDetail(item));
    return this.asking.get(item.key);
  }
  async askDetail(item) {
    try {
      const answer = await this.ask({ at: item.key, limit: 1, detail: 'whole' });
      this.details.set(item.key, answer.items.find((one) => one.key === item.key) ?? { error: 'This message has gone.' });
    } catch (error) { this.details.set(item.key, { error: `It cannot be read: ${error.message}` }); }
    this.asking.delete(item.key);
    if (this.items.get(item.position)?.key === item.key) this.redraw(item.position); else this.redraw();
  }
  async copy(item) {
    if ((item.cut || item.kind === 'tool') && !this.details.has(item.key)) await this.fetchDetail(item);
    this.put(copied({ ...item, ...this.details.get(item.key) }), 'Copied');
  }
  link(item) {
    const page = new URL('agent', this.base());
    page.search = new URLSearchParams({ id: this.data.agent, message: item.key });
    this.put(page.href, 'Link copied');
  }
  async put(words, told) {
    try { await navigator.clipboard.writeText(words); } catch { told = 'This browser did not let it be copied'; }
    text(this.announcer, told);
    this.toast(told);
  }
  toast(words) {
    this.root.querySelector('.toast')?.remove();
    const node = h('div', 'toast', words);
    this.root.append(node);
    setTimeout(() => node.remove(), 1800);
  }
  openFile(path) { this.emit('file', path); }
  close() {
    this.closed = true;
    clearTimeout(this.retry); clearTimeout(this.reopen); clearTimeout(this.typing); clearTimeout(this.telling);
    this.sizes.disconnect();
    document.removeEventListener('visibilitychange', this.onVisible);
    this.ws?.close();
  }
}
// The last row that begins at or before this place.
function before(tops, px, total) {
  let low = 0, high = Math.max(0, total - 1);
  while (low < high) { const mid = (low + high + 1) >> 1; if (tops[mid] <= px) low = mid; else high = mid - 1; }
  return low;
}
function waiting() {
  const node = h('div', 'row wait');
  node.dataset.kind = 'wait';
  node.setAttribute('role', 'listitem');
  node.setAttribute('aria-label', 'Loading');
  return node;
}
function isDark(host) {
  const rgb = (getComputedStyle(host).getPropertyValue('--st-background-color').match(/[\da-f]{2}/gi) ?? ['ff', 'ff', 'ff']).map((x) => parseInt(x, 16));
  return rgb[0] + rgb[1] + rgb[2] < 384;
}

const ALIVE = new WeakMap();
export default function (component) {
  const key = component.parentElement;
  if (!ALIVE.has(key)) ALIVE.set(key, new Transcript(component));
  ALIVE.get(key).run(component);
  return () => { ALIVE.get(key)?.close(); ALIVE.delete(key); };
}
