// node run.js URL < calls.json: one session, its outcome as JSON on stdout.
const fs = require('fs');
const { NCALayerClient } = require('ncalayer-js-client');
const { runSession } = require('./session.js');

const calls = JSON.parse(fs.readFileSync(0, 'utf8'));
runSession(NCALayerClient, process.argv[2], calls).then((session) => {
  process.stdout.write(JSON.stringify(session), () => process.exit(0));
});
