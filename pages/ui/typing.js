// Tells the page what is being typed into a native text area, a moment after each pause.
export default function ({ data, parentElement, setStateValue }) {
  const host = parentElement;
  const state = (host.__typing ??= {});
  state.say = setStateValue;
  state.pauseMs = data.pauseMs;
  if (state.box === data.box) return state.stop;
  state.stop?.();
  state.box = data.box;
  let timer;
  const heard = (event) => {
    if (!event.target.closest?.(`.st-key-${state.box}`)) return;
    clearTimeout(timer);
    timer = setTimeout(() => state.say('text', event.target.value), state.pauseMs);
  };
  document.addEventListener('input', heard);
  state.stop = () => {
    clearTimeout(timer);
    state.box = null;
    document.removeEventListener('input', heard);
  };
  return state.stop;
}
