#!/bin/sh
# Makes this machine a worker of the hub at @HUB@:
#   curl -fsSL @HUB@/install.sh | sh -s -- --token T [--pm2] [settings of `emp-agent run`]
# Downloads the agent, checks it, puts it under ~/.local (for root: /opt), and lets it enrol and start.
set -eu
hub='@HUB@'

die() { echo "install.sh: $*" >&2; exit 1; }

has() { command -v "$1" >/dev/null 2>&1; }

fetch() { # URL FILE
    if has curl; then
        curl -fsSL --retry 3 -o "$2" "$1"
    elif has wget; then
        wget -q -O "$2" "$1"
    else
        die "needs curl or wget"
    fi
}

digest() { # FILE
    if has sha256sum; then
        sha256sum "$1"
    elif has shasum; then
        shasum -a 256 "$1"
    elif has openssl; then
        openssl dgst -sha256 -r "$1"
    else
        die "needs sha256sum, shasum or openssl to check what it downloads"
    fi | cut -d ' ' -f 1
}

# All in a function: what a broken line has cut off does nothing.
main() {
    token=${WORKER_ENROLMENT_TOKEN:-}
    directory=${EMP_AGENT_DIR:-}
    pm2=
    rest= # how many arguments are kept for the agent
    while [ $# -gt "${rest:-0}" ]; do
        word=$1
        shift
        case $word in
        --token) [ $# -gt "${rest:-0}" ] || die "--token: a token must follow"; token=$1; shift ;;
        --token=*) token=${word#--token=} ;;
        --pm2) pm2=yes ;;
        *)
            set -- "$@" "$word"
            rest=$((${rest:-0} + 1))
            ;;
        esac
    done
    [ "$(uname -s)" = Linux ] || die "the agent runs on Linux, and this is $(uname -s)"
    if [ -z "$directory" ]; then
        if [ "$(id -u)" = 0 ]; then
            directory=/opt/emp-agent
        else
            directory=${HOME:?is not set: set it, or EMP_AGENT_DIR}/.local/bin
        fi
    fi
    mkdir -p "$directory" || die "$directory cannot be made: set EMP_AGENT_DIR to a folder that can"

    new=$directory/.emp-agent.$$
    trap 'rm -f "$new" "$new.sha256"' EXIT
    fetch "$hub/agent/emp-agent" "$new" || die "cannot download $hub/agent/emp-agent"
    fetch "$hub/agent/emp-agent.sha256" "$new.sha256" || die "cannot download its checksum"
    [ "$(digest "$new")" = "$(cut -d ' ' -f 1 "$new.sha256")" ] ||
        die "what was downloaded is not what the hub serves: try again"
    chmod 755 "$new"
    "$new" --version >/dev/null ||
        die "the hub's agent does not run on this machine ($(uname -m)); it needs x86-64 and glibc"
    mv -f "$new" "$directory/emp-agent"
    rm -f "$new.sha256"

    if [ -n "$pm2" ]; then set -- "$@" --supervisor pm2; fi
    if [ -n "$token" ]; then export WORKER_ENROLMENT_TOKEN="$token"; fi
    exec "$directory/emp-agent" install --hub-url "$hub" "$@"
}

main "$@"
