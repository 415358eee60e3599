// The window that asks. It answers four questions from top to bottom: who asks,
// what will be signed, whose key, am I sure.
//
// A yes counts only after the window has had the focus for state.view.minimum
// milliseconds without a break; the program behind it checks that again. Nothing
// is signed by a held-down key, and Escape is a no.
//
// state.js holds what the window knows, screens.js draws it, footer.js has the
// buttons, actions.js what they do; this file listens and begins.

import { h, icon, notice } from './dom.js';
import { t, setLanguage, setTexts } from './text.js';
import { call, canSeal, exchange } from './net.js';
import { state, form } from './state.js';
import { begin } from './tokens.js';
import { retry } from './retry.js';
import { draw } from './screens.js';
import { ready } from './footer.js';
import { act, approve, gone, open, refuse } from './actions.js';
import { look } from './focus.js';

form.addEventListener('submit', (e) => {
  e.preventDefault();
  if (!ready()) return;
  if (state.screen === 'retry') retry();
  if (state.screen === 'ask' && !state.keys && state.view.purpose !== 'list') open();
  else if (state.screen === 'ask' || (state.screen === 'browse' && state.view.purpose === 'pick')) approve();
});

addEventListener('keydown', (e) => {
  if (e.key === 'Enter' && e.repeat) e.preventDefault();
  if (e.key === 'Escape' && !e.repeat && state.view) {
    e.preventDefault();
    if (state.screen === 'block' || (state.screen === 'browse' && state.view.purpose !== 'pick')) form.querySelector('[data-focus="back"]').click();
    else if (state.screen === 'ask' || state.screen === 'browse') refuse();
    else if (state.screen === 'end' || state.screen === 'gone') window.close();
  }
}, true);

// Whoever closes the window means no, and Stop when the work has begun. The program
// would notice the silence by itself, a few seconds later.
addEventListener('pagehide', () => {
  const path = { ask: '/cancel', block: '/cancel', browse: '/cancel', work: '/stop', retry: '/stop' }[state.screen];
  if (path && state.view) call(path, {}, { keepalive: true }).catch(() => {});
});

// A page that is loaded again is a stranger to the program, so the keys for that do
// nothing here.
addEventListener('keydown', (e) => {
  if (e.key === 'F5' || ((e.ctrlKey || e.metaKey) && e.code === 'KeyR')) e.preventDefault();
});

// watch keeps one call under way; by its absence the program knows that the
// window is gone.
async function watch() {
  let tag = '';
  for (let lost = 0; lost < 3;) {
    try {
      const s = await call('/poll', { tag });
      lost = 0;
      if (s.tag !== tag) await report(s);
      tag = s.tag;
      look();
      if (s.state === 'end' || s.state === 'gone') return;
    } catch {
      lost++;
      await new Promise((r) => setTimeout(r, 200));
    }
  }
  gone();
}

async function report(s) {
  if (s.tokens !== state.changes) {
    state.changes = s.tokens;
    if (state.view.tokens && ['ask', 'block', 'browse'].includes(state.screen)) act.look();
  }
  const before = `${state.screen} ${state.done} ${state.waiting} ${state.notice}`;
  state.waiting = s.waiting;
  state.done = s.done;
  state.failed = s.failed;
  state.short = s.short;
  state.notice = s.notice;
  if (s.state === 'gone') return gone();
  if (['work', 'retry'].includes(s.state) && state.screen !== s.state) {
    state.screen = s.state;
    state.trouble = '';
    state.last = false;
    draw(s.state === 'work' ? 'stop' : !s.short.pin ? 'again' : begin(s.short));
    return;
  }
  if (s.state === 'end') {
    state.screen = 'end';
    draw('close');
    if (!s.failed) setTimeout(() => window.close(), ['sign', 'make', 'install'].includes(state.view.purpose) ? (s.notice ? state.view.reading : state.view.breath) : 0);
    return;
  }
  if (`${state.screen} ${state.done} ${state.waiting} ${state.notice}` !== before) draw();
}

// fit makes an app window as tall as its content, up to 680, in the middle of
// its screen. A tab of a browser stays as it is.
function fit() {
  const frame = outerHeight - innerHeight;
  if (outerWidth > 560) return;
  const main = form.querySelector('main');
  const want = Math.min(680, Math.max(420, main.scrollHeight + form.querySelector('footer').offsetHeight)) + frame;
  if (Math.abs(want - outerHeight) > 8) resizeTo(outerWidth, Math.min(want, screen.availHeight));
  moveTo((screen.availLeft || 0) + (screen.availWidth - outerWidth) / 2, (screen.availTop || 0) + (screen.availHeight - Math.min(want, screen.availHeight)) / 2);
}

async function start() {
  try {
    state.view = await exchange();
  } catch {
    const known = { kk: 'kk', en: 'en' }[navigator.language.slice(0, 2)] || 'ru';
    document.documentElement.lang = known;
    form.replaceChildren(h('main', null, h('div.state', { role: 'alert' }, icon('info', 40), lost(known).map((text, i) => h(i ? 'p' : 'h1', null, text)))));
    return;
  }
  setTexts(state.view.texts);
  setLanguage(state.view.locale);
  state.files = state.view.recent;
  state.file = state.files[0] || null;
  state.fresh = state.view.newfile;
  state.folder = state.view.folder;
  watch();
  if (!canSeal()) {
    form.replaceChildren(h('main', null, notice('danger', '', t('page.old_browser'))));
    return;
  }
  if (state.view.purpose === 'pick') {
    state.screen = 'browse';
    await act.go('');
  } else if (state.view.open) {
    state.keys = state.view.open;
    state.key = (state.keys.find((k) => k.fits) || {}).id || '';
    draw(state.key ? 'key-0' : 'other');
  } else draw(state.view.purpose === 'list' ? 'cancel' : state.fresh ? 'new-password' : state.file ? 'password' : 'browse');
  fit();
  look();
  if (state.view.tokens && state.view.first) {
    await act.look();
    fit();
  }
}

// lost is said when the program gave this page nothing, not even its texts.
function lost(known) {
  return {
    kk: ['Сұрау жабылды', 'Бұл терезенің Tanba-мен байланысы жоқ. Қол қою әлі керек болса, сайтта қайта бастаңыз.'],
    ru: ['Запрос закрыт', 'Это окно больше не связано с Tanba. Если подпись ещё нужна, начните снова на сайте.'],
    en: ['The request is closed', 'This window is no longer connected to Tanba. If you still want to sign, start again on the site.'],
  }[known];
}

start();
