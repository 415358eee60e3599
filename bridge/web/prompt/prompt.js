// The window that asks. It answers four questions from top to bottom: who asks,
// what will be signed, whose key, am I sure.
//
// A yes counts only after the window has had the focus for state.view.minimum
// milliseconds without a break; the program behind it checks that again. Nothing
// is signed by a held-down key, and Escape is a no.

import { h, icon, notice } from './dom.js';
import { t, n, own, lang, setLanguage, setTexts } from './text.js';
import { call, canSeal, exchange, Refused, unlock } from './net.js';
import { documents } from './documents.js';
import { browser } from './browse.js';
import { files, forget, keys, passwordField } from './keys.js';

const names = { kk: 'Қаз', ru: 'Рус', en: 'Eng' };
const tongues = { kk: 'Қазақша', ru: 'Русский', en: 'English' };

const state = {
  screen: 'ask', // 'ask', 'browse', 'work', 'end', 'gone'
  view: null, // what the program told
  files: [], file: null, // key files to choose from
  keys: null, key: '', confirmed: false, // keys of the open file
  trouble: '', opening: false, caps: false,
  listing: null, typed: null, picked: '',
  done: 0, failed: '', waiting: 0, stopping: false,
  since: 0, // when the window got the focus, or changed its question
};

const form = document.getElementById('window');
const live = document.getElementById('live');

// Drawing

function draw(focus) {
  const active = document.activeElement;
  const keep = focus || active?.dataset?.focus;
  const range = active === document.activeElement && active?.dataset?.focus === 'path' ? [active.selectionStart, active.selectionEnd] : null;
  const scroll = form.querySelector('main')?.scrollTop || 0;
  document.documentElement.lang = lang();
  document.title = state.view ? `${siteName()} — Tanba` : 'Tanba';
  const main = h('main', { tabindex: -1 }, screens[state.screen]());
  form.replaceChildren(main, footer() || '');
  main.addEventListener('scroll', () => main.classList.toggle('scrolled', main.scrollTop > 4));
  main.scrollTop = focus ? 0 : scroll;
  const target = keep && form.querySelector(`[data-focus="${CSS.escape(keep)}"]`);
  if (target) {
    target.focus();
    if (range && !focus) target.setSelectionRange(...range);
  } else if (focus) main.focus();
  arm();
}

const screens = {
  ask: () => [head(), who(), (state.view.documents.length > 0 || state.view.unseen) && documents(state.view), state.keys ? keys(state, act) : files(state, act)],
  browse: () => [head(), who(), browser(state, act)],
  work: () => [top(), h('div.state', { role: 'status' },
    icon('key', 40),
    h('h1', null, t('work.title')),
    h('progress', { max: Math.max(1, state.view.total), value: state.done, 'aria-label': t('work.title') }),
    state.view.total > 1 && h('p.muted', null, t('work.count', state.done, state.view.total)))],
  end: () => [top(), state.failed ? failure() : success()],
  gone: () => [top(), h('div.state', { role: 'status' }, icon('info', 40), h('h1', null, t('gone.title')), h('p.muted', null, t('gone.text')))],
};

function top() {
  const languages = state.view?.languages || Object.keys(names);
  return h('div.top', null,
    h('p.phrase', null, state.view?.phrase && [icon('shield', 16), h('span', { title: t('page.phrase') }, h('span.unseen', null, `${t('page.phrase')}: `), state.view.phrase)]),
    h('div.languages', { role: 'group', 'aria-label': t('page.language') }, languages.map((l) => h('button', {
      type: 'button', lang: l, 'data-focus': `language-${l}`, 'aria-pressed': String(l === lang()), 'aria-label': tongues[l], title: tongues[l],
      onclick: () => { setLanguage(l); draw(); },
    }, names[l]))));
}

function siteName() {
  const s = state.view.site;
  return s.name || (s.local ? t('site.unknown_program') : t('site.unknown'));
}

// head stays in sight while the rest scrolls: who asks, and for what.
function head() {
  const s = state.view.site;
  return h('div.head', null,
    top(),
    h('div.name', null,
      h('h1', null, s.secure && icon('lock'), s.local && icon('program'), h('span', null, siteName())),
      s.new && h('span.badge', null, s.local ? t('site.new_program') : t('site.new'))),
    h('p.sentence', null, own(state.view.sentence)));
}

function who() {
  const s = state.view.site;
  const how = s.local ? 'site.local' : s.secure ? 'site.secure' : s.loopback ? 'site.loopback' : 'site.insecure';
  return h('div.who', null,
    h('p.origin', null, h('span.unseen', null, `${t(how)}. `), s.local && !s.detail ? t('site.local') : s.detail),
    note() && h('p.small.muted', null, note()),
    s.suspicious && notice('danger', '', t('site.suspicious')),
    !s.secure && !s.local && !s.loopback && notice('danger', '', t('site.insecure')),
    s.new && !s.suspicious && h('p.small.muted', null, s.local ? t('site.new_program_note') : t('site.new_note')));
}

function note() {
  const p = state.view.purpose;
  return p === 'show' ? t('ask.show_note') : p === 'pick' ? t('ask.pick_note') : '';
}

function success() {
  const v = state.view;
  const what = v.purpose === 'show' ? t('done.shown') : v.purpose === 'pick' ? t('done.picked') : v.login ? t('done.login') : n('done.signed', v.total);
  return h('div.state', { role: 'status' }, icon('done', 48), h('h1', null, t('done.title')), h('p', null, what), h('p.small.muted', null, t('done.closes')));
}

function failure() {
  const partly = state.view.purpose === 'sign' && state.done > 0 && state.done < state.view.total;
  return h('div.state.bad', { role: 'alert' },
    icon('failed', 48),
    h('h1', null, partly ? t('failed.partly', state.done, state.view.total) : t('failed.title')),
    h('p', null, t(state.failed), '. ', !partly && t(`${state.failed}.hint`)),
    partly && h('p.muted', null, t('failed.partly_note')));
}

// Buttons

function footer() {
  const button = (label, props) => h('button', { type: 'button', ...props }, label);
  const cancel = button(t('button.cancel'), { 'data-focus': 'cancel', onclick: refuse });
  const primary = (label) => h('button.primary', { type: 'submit', 'data-focus': 'primary', 'aria-disabled': String(!ready()) }, label);
  const choose = (label, focus, onclick) => h('button.main', { type: 'button', 'data-focus': focus, onclick }, label);
  let row;
  switch (state.screen) {
    case 'ask':
      row = [cancel, !state.keys && !state.file
        ? choose(t('key.choose_file'), 'browse', act.browse)
        : !state.keys
          ? primary(t(state.opening ? 'button.opening' : 'button.open'))
          : !state.keys.some((k) => k.fits)
            ? choose(t('key.other_file'), 'other', () => { act.other(); act.browse(); })
            : primary(t(state.view.purpose === 'show' ? 'button.show' : state.view.login ? 'button.login' : 'button.sign'))];
      break;
    case 'browse':
      row = state.view.purpose === 'pick'
        ? [cancel, primary(t(state.view.directory ? 'button.pick_folder' : 'button.pick'))]
        : [button(t('button.back'), { 'data-focus': 'back', onclick: () => { state.screen = 'ask'; state.trouble = ''; draw('browse'); } })];
      break;
    case 'work':
      row = [button(t(state.stopping ? 'button.stopping' : 'button.stop'), { 'data-focus': 'stop', 'aria-disabled': String(state.stopping), onclick: stop })];
      break;
    default:
      row = [button(t('button.close'), { 'data-focus': 'close', onclick: () => window.close() })];
  }
  return h('footer', null,
    state.waiting > 0 && h('p.waiting', null, n('wait.count', state.waiting)),
    h('div.buttons', null, row));
}

// ready says whether the main button does anything now.
function ready() {
  if (state.screen === 'ask' && !state.keys) return Boolean(state.file) && !state.opening;
  const age = state.since ? performance.now() - state.since : -1;
  if (age < state.view.minimum) return false;
  if (state.screen === 'browse') return state.view.directory ? Boolean(state.listing && !state.listing.error) : Boolean(state.picked);
  const k = state.keys?.find((x) => x.id === state.key);
  return Boolean(k && k.fits && (!k.confirm || state.confirmed));
}

// rearm starts the time of the main button again: the question has changed.
function rearm() { state.since = document.hasFocus() ? performance.now() : 0; }

let arming;

// arm enables the main button when its time has come.
function arm() {
  clearTimeout(arming);
  const b = form.querySelector('button.primary');
  if (!b) return;
  b.setAttribute('aria-disabled', String(!ready()));
  if (state.since && performance.now() - state.since < state.view.minimum) {
    arming = setTimeout(arm, state.view.minimum - (performance.now() - state.since) + 20);
  }
}

// Doing

const act = {
  choose(f) {
    state.file = f;
    state.trouble = '';
    forget();
    draw('password');
  },
  browse() {
    state.screen = 'browse';
    state.trouble = '';
    act.go(state.listing ? state.listing.path : '');
  },
  other() {
    state.keys = null;
    state.key = '';
    state.file = null;
    draw('browse');
  },
  async go(path) {
    state.trouble = '';
    const l = await attempt(() => call('/browse', { path }));
    if (!l) return;
    if (l.file) return act.take({ path: l.file, name: l.file.split(/[\\/]/).pop() });
    state.listing = l;
    state.typed = null;
    state.picked = '';
    rearm();
    draw(state.screen === 'browse' ? 'path' : undefined);
  },
  take(item) {
    state.typed = null;
    if (state.view.purpose === 'pick') {
      state.picked = item.path;
      draw();
      return;
    }
    let f = state.files.find((x) => x.path === item.path);
    if (!f) {
      f = { path: item.path, name: item.name, place: state.listing ? state.listing.path : '', owner: '', state: '' };
      state.files.unshift(f);
    }
    state.screen = 'ask';
    act.choose(f);
  },
  key(id) {
    state.key = id;
    state.confirmed = false;
    rearm();
    draw();
  },
  confirm(yes) {
    state.confirmed = yes;
    arm();
  },
};

async function open() {
  const field = passwordField();
  if (!field.value) {
    live.textContent = t('password.empty');
    field.focus();
    return;
  }
  state.opening = true;
  state.trouble = '';
  draw();
  const password = field.value;
  const answer = await attempt(() => unlock(state.file.path, password));
  state.opening = false;
  if (!answer) return;
  forget(); // right or wrong, it is not kept
  if (answer.error) {
    state.trouble = answer.error;
    live.textContent = `${t(answer.error)}. ${t(`${answer.error}.hint`)}`;
    draw('password');
    form.querySelector('.trouble').scrollIntoView({ block: 'nearest' });
    return;
  }
  passwordField().type = 'password';
  state.keys = answer.keys;
  state.key = (answer.keys.find((k) => k.fits) || {}).id || '';
  state.confirmed = false;
  rearm();
  draw(state.key ? 'key-0' : 'other');
  form.querySelector('[aria-labelledby=whose]').scrollIntoView({ block: 'nearest' });
}

async function approve() {
  const body = state.view.purpose === 'pick'
    ? { path: state.view.directory ? state.listing.path : state.picked }
    : { key: state.key, confirmed: state.confirmed };
  try {
    const answer = await call('/approve', body);
    if (answer.error) {
      state.trouble = answer.error;
      draw();
      return;
    }
    // The work may be over before this answer has come.
    if (state.screen === 'ask' || state.screen === 'browse') {
      state.screen = 'work';
      draw('stop');
    }
  } catch (e) {
    if (e instanceof Refused && e.status === 425) {
      // The program saw the focus a little later than the page did, or missed
      // it: it is told again.
      last = null;
      look();
      rearm();
      arm();
    } else gone();
  }
}

async function refuse() {
  await call('/cancel').catch(() => {});
  gone();
  window.close();
}

function stop() {
  if (state.stopping) return;
  state.stopping = true;
  draw();
  call('/stop').catch(() => {});
}

function gone() {
  if (state.screen === 'end') return;
  state.screen = 'gone';
  forget();
  if (state.view) draw('close');
}

// attempt is a call whose failure means that the program is no longer there.
async function attempt(f) {
  try {
    return await f();
  } catch {
    gone();
    return null;
  }
}

// Events

form.addEventListener('submit', (e) => {
  e.preventDefault();
  if (!ready()) return;
  if (state.screen === 'ask' && !state.keys) open();
  else if (state.screen === 'ask' || state.screen === 'browse') approve();
});

addEventListener('keydown', (e) => {
  if (e.key === 'Enter' && e.repeat) e.preventDefault();
  if (e.key === 'Escape' && !e.repeat && state.view) {
    e.preventDefault();
    if (state.screen === 'browse' && state.view.purpose !== 'pick') form.querySelector('[data-focus="back"]').click();
    else if (state.screen === 'ask' || state.screen === 'browse') refuse();
    else if (state.screen === 'end' || state.screen === 'gone') window.close();
  }
}, true);

let told = Promise.resolve();
let last = null;

// look tells the program whether the window is in front of the person; the
// reports arrive in their order.
function look() {
  if (!state.view) return; // not let in yet: a report now would be refused and lost
  const focused = document.hasFocus() && document.visibilityState === 'visible';
  if (focused === last) return;
  last = focused;
  state.since = focused ? performance.now() : 0;
  arm();
  told = told.then(() => call('/focus', { focused })).catch(() => { last = null; }); // told again by the next poll
}

for (const name of ['focus', 'blur', 'pageshow']) addEventListener(name, look);
document.addEventListener('visibilitychange', look);

addEventListener('pagehide', () => {
  if (state.screen === 'ask' || state.screen === 'browse') call('/cancel', {}, { keepalive: true }).catch(() => {});
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
  const before = `${state.screen} ${state.done} ${state.waiting}`;
  state.waiting = s.waiting;
  state.done = s.done;
  state.failed = s.failed;
  if (s.state === 'gone') return gone();
  if (s.state === 'work' && state.screen !== 'work') state.screen = 'work';
  if (s.state === 'end') {
    state.screen = 'end';
    draw('close');
    if (!s.failed) setTimeout(() => window.close(), state.view.purpose === 'sign' ? state.view.breath : 0);
    return;
  }
  if (`${state.screen} ${state.done} ${state.waiting}` !== before) draw();
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
  watch();
  if (!canSeal()) {
    form.replaceChildren(h('main', null, notice('danger', '', t('page.old_browser'))));
    return;
  }
  if (state.view.purpose === 'pick') {
    state.screen = 'browse';
    await act.go('');
  } else draw(state.file ? 'password' : 'browse');
  fit();
  look();
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
