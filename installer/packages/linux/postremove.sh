#!/bin/sh
set -e
case "${1:-}" in
upgrade | purge | 1) exit 0 ;; # dpkg calls once more to purge
esac
echo 'Tanba: what it added to your own browsers is taken out by "tanba uninstall", run before the package is removed.'
exit 0
