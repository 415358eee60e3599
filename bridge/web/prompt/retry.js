// Trying again what failed.

import { t } from './text.js';
import { state, live } from './state.js';
import { call, sealed } from './net.js';
import { draw } from './screens.js';
import { attempt } from './actions.js';
import { begin } from './tokens.js';
import { forget, passwordField } from './stores.js';

// retry goes on where the work stopped. A token that has to be opened anew wants
// its PIN, which is one try for one click.
export async function retry() {
  const { short } = state;
  if (!short.pin) {
    state.screen = 'work';
    draw('stop');
    call('/retry').catch(() => {});
    return;
  }
  const field = passwordField();
  if (!field.value && !short.pin.pad) {
    live.textContent = t('pin.empty');
    field.focus();
    return;
  }
  state.opening = true;
  state.trouble = '';
  if (short.pin.pad) live.textContent = t('pin.pad_now');
  draw();
  const body = await sealed(short.pin.pad ? '' : field.value);
  const answer = await attempt(() => call('/retry', { ...body, last: state.last }));
  state.opening = false;
  state.last = false;
  forget();
  if (!answer || state.screen !== 'retry') return;
  if (answer.error) {
    if (answer.pin) short.pin = answer.pin;
    state.trouble = answer.error;
    live.textContent = `${t(answer.error)}. ${t(`${answer.error}.hint`)}`;
    draw(begin(short));
    return;
  }
  passwordField().type = 'password';
  state.screen = 'work';
  draw('stop');
}
