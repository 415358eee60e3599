// Doing: what the buttons and the answers of the program change.

import { t } from './text.js';
import { state, form, live } from './state.js';
import { call, Refused, unlock } from './net.js';
import { draw } from './screens.js';
import { arm, rearm } from './footer.js';
import { begin } from './tokens.js';
import { lookAgain } from './focus.js';
import { forget, passwordField } from './stores.js';
import { forgetNew, newPassword } from './newkey.js';

export const act = {
  choose(f) {
    state.file = f;
    state.token = null;
    state.lost = '';
    state.trouble = '';
    forget();
    draw('password');
  },
  token(found) {
    state.token = found;
    state.file = null;
    state.fresh = false;
    state.lost = '';
    state.trouble = '';
    state.last = false;
    forget();
    draw(begin(found));
  },
  // fresh chooses a file of its own for the new key.
  fresh() {
    state.fresh = true;
    state.token = null;
    state.lost = '';
    state.trouble = '';
    forget();
    draw('new-password');
  },
  browseFolder() {
    state.screen = 'browse';
    state.trouble = '';
    act.go(state.folder.replace(/[\\/][^\\/]*$/, ''));
  },
  takeFolder() {
    state.folder = state.listing.path;
    state.screen = 'ask';
    rearm();
    draw('folder');
  },
  lastTry(yes) {
    state.last = yes;
    arm();
  },
  // look lists the tokens there are now.
  async look() {
    if (state.looking) return;
    state.looking = true;
    if (state.screen === 'ask') draw();
    const answer = await attempt(() => call('/tokens'));
    state.looking = false;
    if (answer) found(answer);
  },
  block() {
    state.screen = 'block';
    rearm();
    draw('back');
  },
  back() {
    const from = state.screen;
    state.screen = 'ask';
    state.trouble = '';
    rearm();
    draw(from);
  },
  tick(name, yes) {
    state[name] = yes;
  },
  async forget() {
    await attempt(() => call('/forget'));
    state.view.open = null;
    state.keys = null;
    state.key = '';
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
    state.token = null;
    state.fresh = state.view.newfile;
    if (state.view.purpose === 'install') state.file = state.files[0] || null;
    draw(state.view.nofiles ? undefined : 'browse');
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

// found takes the tokens of a look: one that was taken out takes its keys along,
// one that comes back is chosen again.
function found(answer) {
  const before = state.token;
  state.tokens = answer.tokens;
  state.driver = answer.error || '';
  const usable = (x) => !x.problem && !x.pin.stop;
  const serial = before ? before.serial : state.lost;
  const same = state.tokens.find((x) => (before && x.id === before.id) || (serial && x.serial === serial));
  if (same) {
    const reappeared = !before;
    state.token = same;
    state.lost = '';
    if (reappeared) state.trouble = '';
  } else if (before) {
    state.token = null;
    state.lost = before.serial;
    state.keys = null;
    state.key = '';
    state.trouble = '';
    forget();
    live.textContent = t('unlock.token_gone');
  } else if (!state.keys) {
    const first = state.tokens.filter(usable);
    const only = state.view.nofiles && first.length === 1 ? first[0] : null;
    const again = first.find((x) => x.last);
    if (only || (again && state.view.first && !passwordField().value && !newPassword().value)) {
      state.token = only || again;
      state.file = null;
      state.fresh = false;
    }
  }
  if (state.screen === 'ask') draw(state.token && state.token !== before && !before && !state.keys ? begin(state.token) : undefined);
}

export async function open() {
  if (state.fresh && !state.token) return openNew();
  const field = passwordField();
  const pad = state.token?.pin.pad;
  if (!field.value && !pad) {
    live.textContent = t(state.token ? 'pin.empty' : 'password.empty');
    field.focus();
    return;
  }
  state.opening = true;
  state.trouble = '';
  if (pad) live.textContent = t('pin.pad_now');
  draw();
  const store = state.token ? { token: state.token.id, last: state.last } : { path: state.file.path };
  const answer = await attempt(() => unlock(store, pad ? '' : field.value));
  state.opening = false;
  state.last = false;
  if (!answer) return;
  forget(); // right or wrong, it is not kept
  if (answer.error) {
    if (answer.pin && state.token) state.token.pin = answer.pin;
    state.trouble = answer.error;
    live.textContent = `${t(answer.error)}. ${t(`${answer.error}.hint`)}`;
    draw(state.token ? begin(state.token) : 'password');
    form.querySelector('.trouble')?.scrollIntoView({ block: 'nearest' });
    if (answer.error === 'unlock.token_gone') act.look();
    return;
  }
  passwordField().type = 'password';
  opened(answer);
}

// opened shows what was opened, and asks for the last yes.
function opened(answer) {
  state.keys = answer.keys;
  state.key = (answer.keys.find((k) => k.fits) || {}).id || '';
  state.confirmed = false;
  rearm();
  draw(state.key ? 'key-0' : 'other');
  form.querySelector('[aria-labelledby=whose]').scrollIntoView({ block: 'nearest' });
}

// openNew hands in the place and the password of a new key file.
async function openNew() {
  const { value, same, first, again } = newPassword();
  if (!value || !same) {
    live.textContent = t(value ? 'new.differ' : 'password.empty');
    (value ? again : first).focus();
    return;
  }
  state.opening = true;
  state.trouble = '';
  draw();
  const answer = await attempt(() => unlock({ path: state.folder, new: true }, value));
  state.opening = false;
  if (!answer) return;
  if (answer.error) {
    state.trouble = answer.error;
    live.textContent = `${t(answer.error)}. ${t(`${answer.error}.hint`)}`;
    draw(['new.folder', 'new.read_only', 'new.file_exists'].includes(answer.error) ? 'folder' : 'new-password');
    form.querySelector('.trouble')?.scrollIntoView({ block: 'nearest' });
    return;
  }
  forgetNew();
  opened(answer);
}

export async function approve() {
  const body = state.view.purpose === 'pick'
    ? { path: state.view.directory ? state.listing.path : state.picked }
    : { key: state.key, confirmed: state.confirmed, remember: state.remember && !state.token, always: state.always && (state.remember || Boolean(state.view.open)) };
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
    early(e);
  }
}

// early: the program saw the focus a little later than the page did, or missed
// it. It is told again.
function early(e) {
  if (!(e instanceof Refused) || e.status !== 425) return gone();
  lookAgain();
  rearm();
  arm();
}

// block is the second yes to a block.
export async function block() {
  try {
    await call('/block', { sure: true });
    gone();
    window.close();
  } catch (e) {
    early(e);
  }
}

export async function refuse() {
  await call('/cancel').catch(() => {});
  gone();
  window.close();
}

export function stop() {
  if (state.stopping) return;
  state.stopping = true;
  draw();
  call('/stop').catch(() => {});
}

export function gone() {
  if (state.screen === 'end') return;
  state.screen = 'gone';
  forget();
  forgetNew();
  if (state.view) draw('close');
}

// attempt is a call whose failure means that the program is no longer there.
export async function attempt(f) {
  try {
    return await f();
  } catch {
    gone();
    return null;
  }
}
