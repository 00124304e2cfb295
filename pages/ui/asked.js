// Hears that a person is asked something, that it was answered, and that alerts come and go: from the live part of the page where that watches
// the whole fleet, else over a connection of its own.
const MOST_WAIT_MS = 30000;
// What is shown is asked for again while it is not what was heard, each time after twice as long.
const AGAIN_MS = 1500, MOST_TIMES = 6;

const listed = (element) => (element ? `${element.count}:${element.items.map((item) => item.id).join()}` : '');
const asked = ({ approvals, alerts }) => `${listed(approvals)}|${listed(alerts)}`;

class Ear {
  constructor(component) {
    this.fails = 0;
    this.known = null;
    this.parts = {};
    this.turn = new Turn();
    this.onBoard = (event) => { if (event.detail.topic === this.data.topic) this.hear(asked(event.detail)); };
    this.onMounted = () => this.tune();
    this.run(component);
    addEventListener('quarterdeck:board', this.onBoard);
    addEventListener('quarterdeck:mounted', this.onMounted);
    this.tune();
  }
  run(component) {
    this.data = component.data;
    this.emit = component.setTriggerValue;
    this.turn.drew();
    if (!this.shown()) return;
    this.times = 0;
    clearTimeout(this.later);
  }
  // Where the live part of the page watches something else than the whole fleet, this asks for the fleet by itself.
  tune() {
    const live = globalThis.quarterdeckLive;
    if (live === this.data.topic) this.hangUp();
    else if (live && !this.ws && !this.retry) this.open();
  }
  open() {
    this.retry = null;
    const url = new URL('api/v1/events', document.baseURI.replace(/[?#].*$/, '').replace(/[^/]*$/, ''));
    url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    url.search = `topics=${encodeURIComponent(this.data.topic)}`;
    const ws = (this.ws = new WebSocket(url));
    ws.onmessage = (message) => this.receive(JSON.parse(message.data));
    ws.onclose = () => { if (ws === this.ws) this.lost(); };
  }
  receive(message) {
    if (message.kind !== 'board') return;
    this.fails = 0;
    const { full, set, drop } = message.data;
    for (const name of ['approvals', 'alerts']) {
      if (set[name]) this.parts[name] = set[name];
      else if (full || drop?.includes(name)) delete this.parts[name];
    }
    this.hear(asked(this.parts));
  }
  shown() { return this.known === null || this.known === this.data.seen; }
  hear(now) {
    if (now !== this.known) this.times = 0;
    this.known = now;
    if (!this.times) this.ask();
  }
  ask() {
    if (this.shown() || this.times >= MOST_TIMES) return;
    this.times += 1;
    this.turn.ask(() => {
      if (this.shown()) return;
      this.emit('asked', this.known);
      clearTimeout(this.later);
      this.later = setTimeout(() => this.ask(), AGAIN_MS * 2 ** (this.times - 1));
    });
  }
  lost() {
    this.ws = null;
    this.fails += 1;
    this.retry = setTimeout(() => this.open(), Math.min(250 * 2 ** this.fails, MOST_WAIT_MS));
  }
  hangUp() {
    clearTimeout(this.retry);
    const ws = this.ws;
    this.ws = this.retry = null;
    ws?.close();
  }
  close() {
    this.hangUp();
    clearTimeout(this.later);
    this.turn.close();
    removeEventListener('quarterdeck:board', this.onBoard);
    removeEventListener('quarterdeck:mounted', this.onMounted);
  }
}

const ALIVE = new WeakMap();
export default function (component) {
  const key = component.parentElement;
  if (ALIVE.has(key)) ALIVE.get(key).run(component);
  else ALIVE.set(key, new Ear(component));
  return () => { ALIVE.get(key)?.close(); ALIVE.delete(key); };
}
