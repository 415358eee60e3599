// Is everything well, and if not, what and how to mend it.

import { h, icon } from '/app/dom.js';
import { call, t } from '/app/api.js';

// ending says which keys need something done.
async function ending() {
  const keys = (await call('keys')).filter((k) => k.warning);
  return keys.length ? h('ul.list', null, keys.map((k) => h('li.card', null,
    h('h3', null, k.owner || t('pages.keys.unknown')),
    h(`p.notice.${k.urgent ? 'danger' : 'warn'}`, null, icon('warning', 18), h('span', null, k.note)),
    k.advice ? h('p', null, k.advice) : null))) : '';
}

// arrival opens a socket to the program and returns the number it was given, ''
// when nobody answers. A number the program has not seen was answered by an
// extension.
function arrival() {
  const nonce = [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join('');
  return new Promise((done) => {
    let socket;
    const end = (answered) => {
      done(answered ? nonce : '');
      socket?.close?.();
    };
    setTimeout(end, 3000, false);
    try {
      socket = new WebSocket(`wss://${location.host}/?diag=${nonce}`);
      socket.onmessage = () => end(true);
      socket.onclose = socket.onerror = () => end(false);
    } catch {
      end(false);
    }
  });
}

export async function status() {
  const v = await call('status');
  const box = h('div', { 'aria-live': 'polite' });
  const look = h('button', { type: 'button' }, t('pages.status.look'));
  const findings = (list) => {
    const faults = list.filter((f) => !f.ok);
    box.replaceChildren(
      faults.length
        ? h('div.card.fault', null, icon('warning', 28), h('div', null, h('h2', null, t('pages.status.faults')), h('p.muted', null, t('pages.status.faults_text'))))
        : h('div.card.well', null, icon('done', 28), h('div', null, h('h2', null, t('pages.status.well')), h('p.muted', null, t('pages.status.well_text')))),
      faults.length ? h('ul.list', null, faults.map((f) => h('li.card', null,
        h('h3', null, f.title), h('p', null, f.fix), f.command ? h('p', null, h('code', null, f.command)) : null, h('p.code', null, f.code)))) : '',
      list.length ? h('details', null, h('summary', null, t('pages.status.checked', list.length)), h('ul.checks', null, list.map((f) =>
        h('li', null, icon(f.ok ? 'done' : 'failed', 18), h('span', null, f.ok ? f.good : f.title))))) : '');
  };
  const check = async () => {
    look.disabled = true;
    look.textContent = t('pages.status.looking');
    try {
      findings(await call('doctor', { nonce: await arrival() }));
    } catch (e) {
      box.replaceChildren(h('div.card.fault', { role: 'alert' }, icon('warning'), h('p', null, e.message)));
    }
    look.disabled = false;
    look.textContent = t('pages.status.look');
  };
  look.addEventListener('click', check);
  box.append(h('div.card.well', null, icon('done', 28), h('div', null, h('h2', null, t('pages.status.running')), h('p.muted', null, t('pages.status.trusted')))));
  check();
  return [
    box,
    await ending(),
    h('div.actions', null, look),
    h('dl.facts', null,
      h('dt', null, t('pages.status.version')), h('dd', null, `Tanba ${v.version}`),
      h('dt', null, t('pages.status.address')), h('dd', null, v.address),
      h('dt', null, t('pages.status.since')), h('dd', null, v.since),
      h('dt', null, t('pages.status.multisign')), h('dd', null, v.multisign || t('pages.off')),
      h('dt', null, t('pages.status.trust_until')), h('dd', null, v.trustUntil)),
    h('p.muted', null, t('pages.status.password')),
  ];
}
