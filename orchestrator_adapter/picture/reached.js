// Does something as soon as the page can reach its server: what is sent while that connection is down is lost without a word.
const reached = (app) => (app.dataset.testConnectionState ?? 'CONNECTED') === 'CONNECTED';
function whenReached(then) {
  const app = document.querySelector('[data-testid="stApp"]');
  if (!app || reached(app)) { then(); return null; }
  const watch = new MutationObserver(() => { if (reached(app)) { watch.disconnect(); then(); } });
  watch.observe(app, { attributes: true });
  return watch;
}
