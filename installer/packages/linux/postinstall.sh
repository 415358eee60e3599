#!/bin/sh
# The unit starts with each person's next session. Whose browsers trust the bridge
# is each person's own decision: nothing is added to any store here.
set -e
if command -v systemctl >/dev/null 2>&1; then
	systemctl --global enable tanba.service >/dev/null 2>&1 || true
	# Sessions that run already get the new program; open requests are finished.
	for manager in /run/user/*/systemd; do
		[ -d "$manager" ] || continue
		uid=${manager#/run/user/} uid=${uid%/systemd}
		name=$(getent passwd "$uid" 2>/dev/null | cut -d: -f1) || name=
		[ -n "$name" ] || continue
		systemctl --user --machine="$name@.host" daemon-reload >/dev/null 2>&1 || true
		systemctl --user --machine="$name@.host" try-restart tanba.service >/dev/null 2>&1 || true
	done
fi
echo 'Tanba: run "tanba install" as yourself, once: it starts the bridge and lets your browsers trust it.'
exit 0
