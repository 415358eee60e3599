// Is the window in front of the person? The program counts the time itself and is
// told of each change.

import { state } from './state.js';
import { call } from './net.js';
import { arm } from './footer.js';

let told = Promise.resolve();
let last = null;

// look tells the program whether the window is in front of the person; the
// reports arrive in their order.
export function look() {
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

// lookAgain tells the program once more: it may have missed a report.
export function lookAgain() {
  last = null;
  look();
}
