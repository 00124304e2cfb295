// Does something as soon as the page can reach its server: what is sent while that connection is down is lost without a word.
function whenReached(then) {
  const app = document.querySelector('[data-testid="stApp"]');
  const up = () => !app || (app.dataset.testConnectionState ?? 'CONNECTED') === 'CONNECTED';
  if (up()) { then(); return null; }
  const watch = new MutationObserver(() => { if (up()) { watch.disconnect(); then(); } });
  watch.observe(app, { attributes: true });
  return watch;
}
