// Arrows walk the hits of the search, from its field too; Escape goes back to the field; Enter and a click open a hit.
const links = () => [...document.querySelectorAll('.qd-found a')];
const go = (link) => { link?.focus(); link?.scrollIntoView({ block: 'nearest' }); };

export default function ({ data, parentElement, setTriggerValue }) {
  const state = (parentElement.__found ??= {});
  state.open = setTriggerValue;
  if (state.stop) return state.stop;
  const field = () => document.querySelector(`.st-key-${data.box} input`);
  const pressed = (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return;
    const all = links(), at = all.indexOf(event.target.closest?.('.qd-found a')), typing = event.target === field();
    if (at < 0 && !typing) return;
    if (event.key === 'ArrowDown') go(all[at + 1] ?? all[at]);
    else if (event.key === 'ArrowUp' && at > 0) go(all[at - 1]);
    else if ((event.key === 'ArrowUp' || event.key === 'Escape') && !typing) field()?.focus();
    else return;
    event.preventDefault();
  };
  const clicked = (event) => {
    const link = event.target.closest?.('.qd-found a');
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    state.open('open', link.getAttribute('href'));
  };
  document.addEventListener('keydown', pressed);
  document.addEventListener('click', clicked);
  state.stop = () => {
    document.removeEventListener('keydown', pressed);
    document.removeEventListener('click', clicked);
    delete state.stop;
  };
  return state.stop;
}
