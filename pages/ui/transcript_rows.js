// Draws one entry of a conversation. Whatever agents and tools wrote becomes text nodes, never HTML.
const LONG = 20000, TREE_DEEP = 2, TREE_MOST = 200, LINES_SHUT = 14;
const SIGNS = { prompt: 'Prompt', text: 'Agent', thinking: 'Thinking', note: '' };
const NOTES = { session: '◇', compacted: '⇲', retry: '↻', refused: '⊘', diagnostic: '!', told: '✎', approval: '?', subagent: '↳', ended: '■' };
const ANSI = /\x1b\[[0-9;?]*[A-Za-z]/g;

const h = (tag, cls, ...kids) => {
  const node = document.createElement(tag);
  if (cls) node.className = cls;
  node.append(...kids);
  return node;
};
const text = (node, value) => { const v = String(value ?? ''); if (node.textContent !== v) node.textContent = v; };
const show = (node, on) => { node.hidden = !on; };
const attr = (node, name, value) => { if (value === null || value === undefined || value === false) node.removeAttribute(name); else node.setAttribute(name, value); };
const button = (cls, words, label, act) => {
  const node = h('button', cls, words);
  node.type = 'button';
  if (label) { node.setAttribute('aria-label', label); node.title = label; }
  node.onclick = act;
  return node;
};
const compact = (n) => (n < 1000 ? `${n}` : n < 999500 ? `${(n / 1000).toFixed(n < 9950 ? 1 : 0)} k` : `${(n / 1e6).toFixed(1)} M`);
const dollars = (usd) => (usd === null ? 'no known price' : usd === 0 ? '$0.00' : usd < 0.00005 ? '<$0.0001' : usd < 0.01 ? `$${usd.toFixed(4)}` : `$${usd.toFixed(2)}`);
const took = (ms) => (ms < 950 ? `${Math.round(ms)} ms` : ms < 59500 ? `${(ms / 1000).toFixed(ms < 9950 ? 1 : 0)} s` : ms < 60e3 ? '1:00' : ms < 3600e3 ? `${Math.floor(ms / 60e3)}:${two(Math.floor((ms % 60e3) / 1000))}` : `${Math.floor(ms / 3600e3)} h ${two(Math.floor((ms % 3600e3) / 60e3))}`);
const cap = (s) => (s ? s[0].toUpperCase() + s.slice(1) : '');
const two = (n) => String(n).padStart(2, '0');
const hour = (d) => `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
const plural = (n, word) => `${n.toLocaleString('en')} ${word}${n === 1 ? '' : 's'}`;

// Text, with what was searched for marked.
function said(value, sought) {
  const out = document.createDocumentFragment(), whole = String(value ?? '').replace(ANSI, '');
  if (!sought) { out.append(whole); return out; }
  const low = whole.toLowerCase(), find = sought.toLowerCase();
  let from = 0;
  for (let at = low.indexOf(find), n = 0; at >= 0 && n < 500; at = low.indexOf(find, from), n += 1) {
    out.append(whole.slice(from, at), h('mark', '', whole.slice(at, at + find.length)));
    from = at + find.length;
  }
  out.append(whole.slice(from));
  return out;
}

// The little of Markdown that agents write and that reads better drawn than raw.
function inline(value, sought) {
  const out = document.createDocumentFragment();
  for (const part of value.split(/(`[^`\n]+`|\*\*[^*\n]+\*\*)/)) {
    if (part.length > 2 && part[0] === '`' && part.at(-1) === '`') out.append(h('code', '', said(part.slice(1, -1), sought)));
    else if (part.length > 4 && part.startsWith('**') && part.endsWith('**')) out.append(h('strong', '', said(part.slice(2, -2), sought)));
    else if (part) out.append(said(part, sought));
  }
  return out;
}
function prose(value, sought) {
  const box = h('div', 'prose'), lines = String(value ?? '').replace(ANSI, '').split('\n');
  let plain = [];
  const flush = () => { if (plain.some((line) => line.trim())) box.append(h('p', '', inline(plain.join('\n').replace(/^\n+|\n+$/g, ''), sought))); plain = []; };
  for (let i = 0; i < lines.length; i += 1) {
    const fence = lines[i].match(/^\s*(`{3,}|~{3,})/), head = lines[i].match(/^(#{1,6}) (.*)/), item = lines[i].match(/^(\s*)([-*+]|\d+[.)]) (.*)/);
    if (fence) {
      flush();
      let end = i + 1;
      while (end < lines.length && !lines[end].trim().startsWith(fence[1])) end += 1;
      box.append(pre(lines.slice(i + 1, end).join('\n'), sought));
      i = end;
    } else if (head) { flush(); box.append(h('p', `head h${head[1].length}`, inline(head[2], sought))); }
    else if (item) {
      flush();
      const row = h('p', 'item', h('span', 'dot', /\d/.test(item[2]) ? item[2] : '•'), h('span', '', inline(item[3], sought)));
      row.style.marginLeft = `${Math.min(item[1].length, 12) * 0.5}em`;
      box.append(row);
    } else if (/^\s*\|.*\|\s*$/.test(lines[i])) {
      flush();
      let end = i;
      while (end < lines.length && /^\s*\|/.test(lines[end])) end += 1;
      box.append(pre(lines.slice(i, end).join('\n'), sought));
      i = end - 1;
    } else if (!lines[i].trim()) flush();
    else plain.push(lines[i]);
  }
  flush();
  return box;
}

// Long content begins with its first part; the rest is drawn when somebody asks for it.
function pre(value, sought, cls = '') {
  const whole = String(value ?? ''), node = h('pre', cls), box = h('div', 'block', node);
  node.tabIndex = 0;
  const draw = (shown) => node.replaceChildren(said(shown, sought));
  draw(whole.slice(0, LONG));
  if (whole.length > LONG) {
    const more = button('more', `Show all ${whole.length.toLocaleString('en')} characters`, '', () => { draw(whole); more.remove(); });
    box.append(more);
  }
  return box;
}
function tree(value, sought, name, depth = 0) {
  const label = name === undefined ? [] : [h('span', 'name', said(name, sought)), ': '];
  if (value === null || typeof value !== 'object') {
    const long = typeof value === 'string' && (value.includes('\n') || value.length > 160);
    if (long) return h('div', 'leaf', ...label, pre(value, sought));
    return h('div', 'leaf', ...label, h('span', typeof value, said(typeof value === 'string' ? value : JSON.stringify(value), sought)));
  }
  const fields = Array.isArray(value) ? value.map((v, i) => [i, v]) : Object.entries(value);
  const count = Array.isArray(value) ? plural(fields.length, 'item') : plural(fields.length, 'field');
  const fill = (box) => {
    box.append(...fields.slice(0, TREE_MOST).map(([key, v]) => tree(v, sought, key, depth + 1)));
    if (fields.length > TREE_MOST) box.append(h('div', 'leaf quiet', `… and ${fields.length - TREE_MOST} more`));
  };
  if (name === undefined) { const box = h('div', 'tree'); fill(box); return box; }
  const box = h('details', 'branch', h('summary', '', ...label, h('span', 'quiet', count))), inner = h('div', 'tree');
  const open = () => { if (!inner.parentNode) { fill(inner); box.append(inner); } };
  box.ontoggle = open;
  if (depth < TREE_DEEP) { box.open = true; open(); }
  return box;
}
function diff(lines) {
  const kinds = { '+': 'in', '-': 'out', '@': 'at' };
  const node = h('pre', 'diff', ...lines.slice(0, 2000).map((line) => h('span', kinds[line[0]] ?? '', line || ' ')));
  if (lines.length > 2000) node.append(h('span', 'at', `… and ${lines.length - 2000} more lines`));
  node.tabIndex = 0;
  node.setAttribute('aria-label', 'What it changes');
  return h('div', 'block', node);
}

// What went into a tool and came out of it, as it is best read.
function called(item, sought) {
  const box = h('div', 'inside'), given = item.input, fields = given && typeof given === 'object' && !Array.isArray(given) ? given : null;
  if (item.diff?.length) {
    if (typeof fields?.file_path === 'string') box.append(h('p', 'path', said(fields.file_path, sought)));
    box.append(diff(item.diff));
  } else if (item.tool === 'Bash' && typeof fields?.command === 'string') {
    if (fields.description) box.append(h('p', 'quiet', said(fields.description, sought)));
    box.append(pre(`$ ${fields.command}`, sought, 'command'));
  } else if (given !== null && given !== '' && !(fields && !Object.keys(fields).length)) box.append(fields || Array.isArray(given) ? tree(given, sought) : pre(given, sought));
  if (item.output === null) box.append(h('p', 'quiet', 'No answer yet.'));
  else if (item.output === '') box.append(h('p', 'quiet', 'The answer was empty.'));
  else box.append(outcome(item.output, sought, item.failed));
  return box;
}
function outcome(value, sought, failed) {
  if (/^\s*[[{]/.test(value) && value.length < 200000) {
    try { return h('div', 'answer', tree(JSON.parse(value), sought)); } catch { /* it only looks like JSON */ }
  }
  return h('div', 'answer', pre(value, sought, failed ? 'wrong' : ''));
}

// What is copied: the text of a message; of a call what went in and came out.
function copied(item) {
  if (item.kind !== 'tool') return item.text || item.words;
  const given = item.tool === 'Bash' && item.input?.command ? `$ ${item.input.command}` : typeof item.input === 'string' ? item.input : JSON.stringify(item.input, null, 2);
  return `${item.tool} ${item.words}\n${given}\n${item.output ?? ''}`;
}

function when(item, before) {
  const node = h('time', 'at');
  if (!item.at) { text(node, 'no time'); return node; }
  const d = new Date(item.at), last = before?.at ? new Date(before.at) : null;
  const day = last && last.toDateString() === d.toDateString() ? '' : `${d.toLocaleDateString([], { day: 'numeric', month: 'short' })} `;
  node.dateTime = item.at;
  text(node, (last ? day : '') + hour(d));
  node.title = `${d.toLocaleString()} (${item.at.replace('T', ' ').replace(/\+00:00|Z$/, ' UTC')})`;
  return node;
}
function spent(reply) {
  if (!reply) return '';
  const t = reply.tokens, total = t.input + t.output + t.cache_read + t.cache_write_5m + t.cache_write_1h;
  const node = h('span', 'spent', `${compact(total)} tokens · ${dollars(reply.cost_usd)}`);
  node.title = `${reply.model}\ninput ${t.input.toLocaleString('en')}\noutput ${t.output.toLocaleString('en')}\ncache read ${t.cache_read.toLocaleString('en')}\ncache write ${(t.cache_write_5m + t.cache_write_1h).toLocaleString('en')}`;
  return node;
}
function touched(item, ctx) {
  const most = item.files.filter((file) => file.change !== 'read').slice(0, 4);
  return most.map((file) => {
    const counts = file.added || file.removed ? ` +${file.added} −${file.removed}` : '';
    const name = file.path.split('/').pop(), chip = button('file', `${name}${counts}`, `${file.change} ${file.path}: show its changes`, (event) => { event.stopPropagation(); ctx.openFile(file.path); });
    return chip;
  });
}
function acts(item, ctx) {
  return h('span', 'acts',
    button('act', 'Copy', 'Copy this message', () => ctx.copy(item)),
    button('act', 'Link', 'Copy a link to this message', () => ctx.link(item)));
}
// A line that opens: thinking, a tool call, a note with more to it.
function fold(item, ctx, cls, words, inside) {
  const open = ctx.opened.has(item.key), line = button(`line ${cls}`, '', '', () => ctx.toggle(item));
  line.setAttribute('aria-expanded', open);
  line.append(h('span', 'arrow', open ? '▾' : '▸'), ...words);
  const box = h('div', 'fold', line);
  if (open) box.append(inside());
  return box;
}
function detail(item, ctx, draw) {
  const known = ctx.details.get(item.key);
  if (known?.error) return h('p', 'quiet', known.error, ' ', button('more', 'Try again', '', () => ctx.fetchDetail(item, true)));
  if (known) return draw(known);
  ctx.fetchDetail(item);
  return h('p', 'quiet', 'Loading…');
}

const BODIES = {
  prompt: (item, ctx) => speech(item, ctx),
  text: (item, ctx) => speech(item, ctx),
  thinking: (item, ctx) => [fold(item, ctx, 'thinking', [h('span', 'what', 'Thinking'), h('span', 'words', said(item.text, ctx.sought)), h('span', 'quiet', `${compact(item.chars)} characters`)],
    () => (item.cut ? detail(item, ctx, (whole) => prose(whole.text, ctx.sought)) : prose(item.text, ctx.sought)))],
  tool: (item, ctx) => {
    const state = item.failed ? (item.about === 'refused' ? '⊘ refused' : '✕ failed') : item.answered ? '✓' : 'running';
    const time = item.at && item.ended_at ? took(new Date(item.ended_at) - new Date(item.at)) : '';
    const mark = h('span', 'state', state);
    if (state === '✓') mark.setAttribute('aria-label', 'succeeded');
    const box = fold(item, ctx, 'call', [h('span', 'what', item.tool ?? 'Tool'), h('span', 'words', said(item.words, ctx.sought)), h('span', 'quiet num', time), mark],
      () => detail(item, ctx, (whole) => called(whole, ctx.sought)));
    const files = touched(item, ctx);
    if (files.length) box.firstChild.after(h('span', 'files', ...files));
    const why = item.failed && item.output && !ctx.opened.has(item.key) ? item.output.replace(ANSI, '').trim().split('\n').slice(0, 3).join('\n') : '';
    if (why) box.append(h('p', 'why', said(why, ctx.sought)));
    return [box];
  },
  note: (item, ctx) => {
    const sign = h('span', 'sign', NOTES[item.about] ?? '·'), words = h('span', 'words', said(item.words, ctx.sought));
    sign.setAttribute('aria-hidden', 'true');
    if (item.about === 'told') return [prose(item.text, ctx.sought), h('p', 'quiet', item.ended_at ? 'The agent has read it.' : 'Not read yet.')];
    if (!item.text || (item.text === item.words && !item.cut)) return [h('p', 'line', sign, words)];
    return [fold(item, ctx, '', [sign, words], () => (item.cut ? detail(item, ctx, (whole) => pre(whole.text, ctx.sought)) : pre(item.text, ctx.sought)))];
  },
};
function speech(item, ctx) {
  const lines = item.kind === 'prompt' && !ctx.sought && !ctx.opened.has(item.key) ? item.text.split('\n') : [];
  if (lines.length > LINES_SHUT) return [prose(lines.slice(0, LINES_SHUT - 4).join('\n'), ''), button('more', `Show all ${lines.length} lines`, '', () => ctx.toggle(item))];
  if (!item.cut) return [prose(item.text, ctx.sought)];
  if (ctx.opened.has(item.key)) return [detail(item, ctx, (whole) => prose(whole.text, ctx.sought))];
  return [prose(item.text, ctx.sought), button('more', `Show all ${item.chars.toLocaleString('en')} characters`, '', () => ctx.toggle(item))];
}

// The whole row; `before` is the entry above it, for the day and for the name of the speaker.
function row(item, before, ctx) {
  const node = h('div', 'row');
  node.setAttribute('role', 'listitem');
  Object.assign(node.dataset, { kind: item.kind, key: item.key, at: item.position });
  attr(node, 'data-about', item.about);
  attr(node, 'data-failed', item.failed || null);
  attr(node, 'data-depth', item.depth || null);
  node.style.setProperty('--depth', item.depth);
  const head = h('div', 'head'), name = SIGNS[item.kind] ?? '';
  const speaks = item.kind === 'prompt' || item.kind === 'text' || item.about === 'told';
  if (item.about === 'told') head.append(h('span', 'name', cap(item.words)));
  if (speaks && name) head.append(h('span', 'name', item.depth ? `Sub-agent${item.kind === 'prompt' ? ', prompt' : ''}` : name));
  head.append(when(item, before), spent(item.reply), acts(item, ctx));
  const body = h('div', 'body', ...(BODIES[item.kind] ?? BODIES.note)(item, ctx));
  node.append(...(speaks ? [head, body] : [body, head]));
  if (speaks) node.classList.add('speaks');
  return node;
}
