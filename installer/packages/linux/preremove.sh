#!/bin/sh
# An upgrade is no removal: dpkg says "upgrade", rpm counts what stays.
set -e
case "${1:-}" in
upgrade | 1) exit 0 ;;
esac
if command -v systemctl >/dev/null 2>&1; then
	for manager in /run/user/*/systemd; do
		[ -d "$manager" ] || continue
		uid=${manager#/run/user/} uid=${uid%/systemd}
		name=$(getent passwd "$uid" 2>/dev/null | cut -d: -f1) || name=
		[ -n "$name" ] || continue
		systemctl --user --machine="$name@.host" stop tanba.service >/dev/null 2>&1 || true
	done
	systemctl --global disable tanba.service >/dev/null 2>&1 || true
fi
exit 0
