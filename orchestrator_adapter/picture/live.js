// The always-live parts of a page: draws the board that the server sends, wakes the fragments of the page,
// says so when the connection is lost, and polls where the stream cannot be reached.
const ENDED = ['completed', 'failed', 'cancelled'];
const YOURS = { tasks: 'Your tasks now', agents: 'Your agents' };
const SECTIONS = ['kpis', 'failures', 'task', 'tasks', 'agents', 'lines'];
const BACKOFF_CAP_MS = 30000, SILENCE_MS = 40000, TOAST_MS = 6000, ANNOUNCE_MS = 5000, AGES_MS = 15000;
const BEFORE_MS = 60;
const UNFOLDED = 8; // so many finished agents are shown when nobody is at work
// Asking draws the whole page again, and a field that is drawn again while somebody types loses letters.
const typing = () => /^(INPUT|TEXTAREA)$/.test(document.activeElement?.tagName ?? '') || !!document.activeElement?.isContentEditable;

class Live {
  constructor(component) {
    this.elements = new Map(); this.fails = 0; this.connected = false; this.everConnected = false; this.lastClock = 0; this.drawnClock = 0; this.wokeAt = 0;
    this.root = component.parentElement.querySelector('.live');
    this.boxes = Object.fromEntries(SECTIONS.map((n) => [n, this.root.querySelector(`.${n}-box`)]));
    this.fold = this.root.querySelector('.fold'); this.seen = new Set();
    this.fold.onclick = () => { this.unfolded = !this.unfolded; this.draw(); };
    this.note = this.root.querySelector('.note-line'); this.toasts = this.root.querySelector('.toasts'); this.announcer = this.root.querySelector('.announcer');
    this.turn = new Turn(); this.timer = setInterval(() => this.tick(), 1000);
    this.onVisible = () => {
      if (document.hidden || !this.data) return;
      if (this.connected) this.wake();
      else clearTimeout(this.retry), this.open();
    };
    document.addEventListener('visibilitychange', this.onVisible);
    addEventListener('online', this.onVisible);
  }
  run(component) {
    const { data } = component;
    this.emit = (name, value) => {
      this.unsent?.disconnect();
      this.unsent = whenReached(() => { component.setTriggerValue(name, value); hold(); });
    };
    this.ask = (at) => this.turn.ask(() => component.setTriggerValue('changed', at));
    this.turn.drew();
    if (data.topic) { globalThis.quarterdeckLive = data.topic; dispatchEvent(new Event('quarterdeck:mounted')); }
    const moved = this.data && this.data.topic !== data.topic;
    this.data = data;
    this.arrange(data.show);
    attr(this.root, 'data-density', data.compact ? 'compact' : null);
    this.drawnClock = Math.max(this.drawnClock, data.clock ?? 0);
    if (this.drawnClock >= this.lastClock) this.moved = false;
    const host = component.parentElement.host ?? this.root;
    this.holder = host.closest('.st-key-live-holder') ?? host;
    this.theme(host);
    if (moved) { this.elements.clear(); this.lastClock = 0; this.ready = this.connected = false; const old = this.ws; this.ws = null; old?.close(); }
    if (data.board && !this.connected && data.board.clock >= this.lastClock) this.apply({ clock: data.board.clock, data: { full: true, set: data.board.elements, drop: [] } }, true);
    else this.draw();
    if (!this.ws && !this.opening) this.begin();
  }
  // What came with the page is painted first; then the server hears that it is, and sends the rest of the page.
  begin() {
    if (document.hidden || !this.ready) return this.open();
    this.opening = true;
    requestAnimationFrame(() => setTimeout(() => { this.opening = false; this.open(); }));
  }
  // The parts stand in the order in which the page names them, for the eye, the keyboard and screen readers alike.
  arrange(names) {
    const wanted = names.join(' ');
    if (this.arranged === wanted) return;
    this.arranged = wanted;
    const end = this.root.querySelector('.toasts'), none = this.root.querySelector('.quiet');
    for (const name of names) {
      this.root.insertBefore(this.boxes[name].closest('section'), end);
      if (name === 'tasks') this.root.insertBefore(none, end);
    }
  }
  mine(element) { return !this.data.owner || element.by === this.data.owner; }
  theme(host) {
    const rgb = (getComputedStyle(host).getPropertyValue('--st-background-color').match(/[\da-f]{2}/gi) ?? ['ff', 'ff', 'ff']).map((x) => parseInt(x, 16));
    attr(this.root, 'data-theme', rgb[0] + rgb[1] + rgb[2] < 384 ? 'dark' : 'light');
  }
  open() {
    if (this.closed || !this.data.topic || (this.ws && this.ws.readyState < 2)) return;
    const url = new URL('api/v1/events', document.baseURI.replace(/[?#].*$/, '').replace(/[^/]*$/, ''));
    url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'; url.search = new URLSearchParams({ topics: this.data.topic, ...(this.data.wakes && { wakes: 1 }), ...(this.data.mark && !this.everConnected && { page: this.data.mark }) });
    const ws = (this.ws = new WebSocket(url));
    ws.onmessage = (message) => { this.heard(); this.receive(JSON.parse(message.data)); };
    ws.onclose = () => { if (ws === this.ws) this.lost(); };
  }
  heard() {
    this.heardAt = Date.now(); this.fails = 0; this.connected = this.everConnected = true;
    clearInterval(this.polling); this.polling = null; this.sayConnection();
    clearTimeout(this.silence); this.silence = setTimeout(() => this.ws?.close(), SILENCE_MS);
  }
  lost() {
    if (this.closed) return;
    clearTimeout(this.silence);
    if (this.connected) this.lostAt = Date.now();
    this.connected = false; this.fails += 1; this.ws = null; this.trouble = null;
    if (this.data.wakes && this.fails >= 2 && !this.everConnected) this.polling ??= setInterval(() => { if (!document.hidden && !typing()) this.ask(-1); }, this.data.pollMs);
    this.retry = setTimeout(() => this.open(), Math.min(250 * 2 ** this.fails, BACKOFF_CAP_MS) * (0.8 + 0.2 * Math.random()));
    this.sayConnection();
  }
  sayConnection() {
    if (this.connected) { text(this.note, this.trouble ? storeTrouble(this.trouble) : ''); show(this.note, this.trouble); return; }
    if (!this.fails) return;
    const age = this.heardAt ? `, ${clock(Date.now() - this.heardAt)} old` : '';
    if (this.polling && !this.everConnected) show(this.root.querySelector('.boot'), false), text(this.note, `No live connection: this page asks again every ${Math.round(this.data.pollMs / 1000)} s.`);
    else if (this.heardAt) text(this.note, `Reconnecting. Showing the last known state${age}.`);
    else return;
    show(this.note, true);
  }
  receive(message) {
    if (message.kind === 'store') {
      this.trouble = message.data.since ? message.data : null;
      this.sayConnection();
      this.moved = true;
    }
    if (message.kind === 'wake') this.wake();
    if (message.kind !== 'board' || message.topic !== this.data.topic) return;
    this.apply(message, false);
  }
  apply({ clock: at, data: { full, set, drop } }, quiet) {
    const first = !this.ready;
    this.ready = true;
    if (!first && !quiet) this.tell(set);
    if (full) for (const id of [...this.elements.keys()]) if (!(id in set)) this.elements.delete(id);
    for (const id of drop ?? []) this.elements.delete(id);
    for (const [id, element] of Object.entries(set)) this.elements.set(id, element);
    this.lastClock = Math.max(at, this.lastClock);
    this.draw();
    dispatchEvent(new CustomEvent('quarterdeck:board', { detail: { topic: this.data.topic, approvals: this.elements.get('approvals'), alerts: this.elements.get('alerts') } }));
    if (quiet) { this.heardAt ??= Date.now(); return; } // it came with the page, whose panels may be older
    if (at > this.drawnClock) this.moved = true;
    this.drawnClock = Math.max(at, this.drawnClock);
  }
  // The server says when: with many pages open they are woken one after another. What nobody sees waits until somebody does. Whoever acts at the
  // same moment goes first: a run that a person asks for would break off that of a panel half drawn.
  wake() {
    if (this.waking || !this.due()) return;
    this.waking = setTimeout(() => {
      this.waking = null;
      if (!this.due()) return;
      this.moved = false; this.wokeAt = Date.now();
      const woken = { clock: this.lastClock, heard: false };
      dispatchEvent(new CustomEvent('quarterdeck:changed', { detail: woken }));
      if (!woken.heard) this.ask(this.lastClock); // no panel: the page as a whole
    }, BEFORE_MS);
  }
  due() { return this.moved && this.data.wakes && !this.data.resting && !document.hidden; }
  draw() {
    const by = (prefix) => [...this.elements].filter(([id, e]) => id.startsWith(prefix) && (prefix === 'line:' || this.mine(e))).sort((a, b) => (a[1].order ?? 0) - (b[1].order ?? 0) || (a[0] < b[0] ? 1 : -1));
    const only = (id) => (this.elements.has(id) ? [[id, this.elements.get(id)]] : []);
    const everybody = by('agent:').filter(([id]) => !this.data.only || id === `agent:${this.data.only}`);
    const items = { kpis: only('kpis'), failures: this.failed(), task: only('task'), tasks: by('task:'), agents: this.folded(everybody), lines: by('line:').sort((a, b) => Number(b[0].slice(5)) - Number(a[0].slice(5))) };
    const make = { kpis: () => PARTS.kpis(), failures: () => PARTS.failures(this), task: () => PARTS.task(this, true), tasks: () => PARTS.task(this), agents: () => PARTS.agent(this), lines: () => PARTS.line() };
    for (const name of SECTIONS) {
      const on = this.data.show.includes(name), box = this.boxes[name];
      show(box.closest('section') ?? box, on && (items[name].length || name === 'kpis' || (name === 'agents' && everybody.length)));
      if (on) keyed(box, items[name], make[name]);
      const head = box.parentElement.querySelector('h3');
      if (head) show(head, !this.data.only), text(head, this.data.owner && YOURS[name] ? YOURS[name] : (head.named ??= head.textContent));
    }
    for (const [id, node] of this.boxes.tasks.nodes ?? []) node.crew(node.open ? everybody.filter(([, e]) => `task:${e.task_id}` === id) : []);
    attr(this.holder, 'data-drawn', this.ready);
    attr(this.root, 'data-boot', this.ready || this.polling ? null : this.data.show.join(' '));
    text(this.root.querySelector('.quiet'), this.data.owner ? 'No task of yours is running.' : 'No task is running.');
    show(this.root.querySelector('.quiet'), this.data.show.includes('tasks') && this.ready && !items.tasks.length);
    show(this.root.querySelector('.boot'), this.data.show.includes('kpis') && !items.kpis.length && !this.polling);
  }
  // Of somebody who looks at their own work only: only their own failures.
  failed() {
    const all = this.elements.get('failures'), mine = (all?.items ?? []).filter((one) => this.mine(one)), items = mine.slice(0, all?.shown);
    return items.length ? [['failures', { ...all, items, count: this.data.owner ? mine.length : all.count }]] : [];
  }
  // Who has ended is folded, but not whose card was here before: it does not vanish under somebody's eyes.
  folded(everybody) {
    for (const [id, e] of everybody) if (!e.ended_at) this.seen.add(id);
    const rest = this.data.only ? [] : everybody.filter(([id]) => !this.seen.has(id));
    const folds = rest.length && (rest.length < everybody.length || rest.length > UNFOLDED);
    if (!folds) for (const [id] of everybody) this.seen.add(id);
    const done = this.elements.get('task')?.finished, all = done?.agents === rest.length ? ` (${done.cost} · ${done.tokens} tokens)` : '';
    show(this.fold, folds); attr(this.fold, 'aria-expanded', String(!!this.unfolded));
    text(this.fold, `${this.unfolded ? 'Hide' : 'Show'} ${plural(rest.length, 'finished agent')}${all}`);
    return folds && !this.unfolded ? everybody.filter(([id]) => this.seen.has(id)) : everybody;
  }
  tick() {
    if (document.hidden) return;
    for (const node of this.root.querySelectorAll('.num')) if ((node.from && !node.to) || node.at) node.tick?.();
    this.sayConnection();
    if (this.trouble && !typing() && Date.now() - this.wokeAt > AGES_MS) this.moved = true, this.wake();
  }
  // What people want to hear of: an agent that joined, a task that ended.
  tell(set) {
    for (const [id, now] of Object.entries(set)) {
      if (!this.mine(now)) continue;
      const before = this.elements.get(id), title = now.title ?? '';
      if (id.startsWith('agent:') && !before && !now.ended_at) this.toast(`${cap(now.role)} joined`, now.simulated ? 'demo' : '', 'active');
      if (/^task(:|$)/.test(id) && before && !ENDED.includes(before.status) && ENDED.includes(now.status)) this.toast(`Task ${now.status}`, title, now.status);
    }
  }
  toast(head, rest, kind) {
    const node = h('div', 'toast', icon(kind), h('span', '', h('strong', '', head), rest ? ` ${rest}` : ''));
    attr(node, 'data-tone', TONES[kind] ?? 'idle');
    this.toasts.append(node);
    while (this.toasts.children.length > 3) this.toasts.firstChild.remove();
    setTimeout(() => node.remove(), TOAST_MS);
    this.announce(`${head} ${rest}`);
  }
  announce(words) {
    this.unsaid = words;
    this.saying ??= setTimeout(() => { text(this.announcer, this.unsaid); this.saying = null; }, Date.now() - (this.saidAt ?? 0) > ANNOUNCE_MS ? 100 : ANNOUNCE_MS);
    this.saidAt = Date.now();
  }
  close() {
    this.closed = true;
    this.unsent?.disconnect(); this.turn.close();
    clearInterval(this.timer); clearInterval(this.polling); clearTimeout(this.retry); clearTimeout(this.silence); clearTimeout(this.waking);
    document.removeEventListener('visibilitychange', this.onVisible); removeEventListener('online', this.onVisible);
    this.ws?.close();
  }
}
