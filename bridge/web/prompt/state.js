// What the window knows. Every module reads it; actions.js and prompt.js change it.

export const state = {
  screen: 'ask', // 'ask', 'block', 'browse', 'work', 'retry', 'end', 'gone'
  view: null, // what the program told
  files: [], file: null, // key files to choose from
  tokens: null, token: null, // null = nobody has looked for tokens yet
  looking: false, driver: '', // a look is under way; why the last one failed
  lost: '', // serial of a token that was taken out: chosen again when it is back
  last: false, // the person confirmed the last try of a PIN
  keys: null, key: '', confirmed: false, // keys of the open file or token
  remember: false, always: false, // what the person ticked
  trouble: '', opening: false, caps: false,
  fresh: false, folder: '', // a new key goes into a file of its own, in this folder
  listing: null, typed: null, picked: '',
  done: 0, failed: '', short: null, notice: '', // short: the documents that failed
  waiting: 0, changes: 0, stopping: false,
  since: 0, // when the window got the focus, or changed its question
};

export const form = document.getElementById('window');
export const live = document.getElementById('live');
