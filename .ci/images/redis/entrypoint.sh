#!/bin/sh
# As in the official redis image: arguments that begin with a dash are redis-server's, it does not run as root, and
# protected mode is off, because a published port is not the container's loopback.
set -eu

case "${1:-}" in -*) set -- redis-server "$@" ;; esac
exec setpriv --reuid=redis --regid=redis --init-groups "$@" --protected-mode no
