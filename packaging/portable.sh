#!/bin/sh
# Builds dist/emp-agent inside Debian 11, so that it runs wherever glibc is 2.31 or newer:
#   packaging/portable.sh   # needs root, mmdebstrap, apt with Debian's keys; PYTHON has pip
# Only Python decides which glibc the binary asks for, and Debian 11 has no Python of today: CPython
# is compiled from Debian 13's source, with Debian 11's OpenSSL 1.1.1. build/portable/root keeps it.
set -eu
cd "$(dirname "$0")/.."
work=$PWD/build/portable
root=$work/root

die() { echo "portable.sh: $*" >&2; exit 1; }

needs() {
    [ "$(id -u)" = 0 ] || die "needs root, to work inside another system's root"
    for program in mmdebstrap apt-get unshare; do
        command -v "$program" >/dev/null || die "needs $program (Debian, Ubuntu: apt install mmdebstrap)"
    done
    unshare --mount true || die "may not make mounts of its own here"
}

inside() { # SCRIPT: run it in Debian 11, with no network wanted
    unshare --mount sh -euc '
        mount --make-rprivate /
        mount --rbind /proc "$1/proc"
        mount --rbind /dev "$1/dev"
        exec env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 chroot "$1" sh -euc "$2"
    ' sh "$root" "$1"
}

fetch_source() { # apt checks their signatures
    mkdir -p "$work/apt/lists/partial" "$work/sources"
    echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian trixie main" \
        >"$work/apt/sources.list"
    set -- -q -o "Dir::Etc::sourcelist=$work/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o "Dir::State::lists=$work/apt/lists" -o APT::Sandbox::User=root
    apt-get "$@" update
    (cd "$work/sources" && apt-get "$@" source --download-only python3.13)
}

make_root() {
    rm -rf "$root" "$work/new"
    mmdebstrap --quiet --variant=minbase --include=gcc,libc6-dev,make,perl,pkg-config,xz-utils,zlib1g-dev,libbz2-dev,liblzma-dev,libffi-dev,libssl-dev \
        bullseye "$work/new"
    mv "$work/new" "$root"
    mkdir -p "$root/src"
    cp "$work"/sources/*.orig.tar.* "$root/src/"
    inside '
        cd /src
        for each in *.orig.tar.*z; do tar -xf "$each"; done
        (cd [Pp]ython*/ && ./configure --prefix=/usr/local --enable-shared --without-ensurepip --disable-test-modules >log 2>&1 &&
            make -sj"$(nproc)" >>log 2>&1 && make -s install >>log 2>&1) || { tail -20 [Pp]ython*/log; exit 1; }
        ldconfig
        python3.13 -c "import bz2, ctypes, lzma, ssl, zlib; print(ssl.OPENSSL_VERSION)"
        rm -rf /src
    '
    touch "$root/made"
}

# What a rented machine may look like at its barest: no Python, no authorities.
make_bare() {
    rm -rf "$work/bare" "$work/new"
    mmdebstrap --quiet --variant=minbase --include=curl bullseye "$work/new"
    mv "$work/new" "$work/bare"
}

build() {
    rm -rf "$root/site" "$root/agent"
    "${PYTHON:-python3}" -m pip install -q --disable-pip-version-check --target "$root/site" \
        --only-binary :all: --python-version 3.13 --implementation cp \
        --platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 \
        --require-hashes -r packaging/agent-requirements.lock
    mkdir "$root/agent"
    cp -r pyinstaller.spec agent shared "$root/agent/"
    inside 'cd /agent && PYTHONPATH=/site python3.13 -m PyInstaller --noconfirm --log-level WARN pyinstaller.spec'
    mkdir -p dist
    cp "$root/agent/dist/emp-agent" dist/emp-agent
}

needs
if [ ! -e "$root/made" ]; then
    fetch_source
    make_root
fi
[ -d "$work/bare" ] || make_bare
build
