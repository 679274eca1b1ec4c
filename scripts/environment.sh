#!/bin/sh
# Makes the Python environment FOLDER, or brings it up to LOCK. Usage: environment.sh FOLDER LOCK
set -eu
folder=$1 lock=$2

fail() {
    echo "setup: $*" >&2
    exit 1
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

# Debian and Ubuntu ship the module venv without the pip that it puts into an environment.
makes_environments() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null
}

is_root() { [ "$(id -u)" -eq 0 ]; }

may_sudo() { command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; }

# The first interpreter that is new enough and, with `ready`, makes environments, or can be made to without a question.
# PYTHON names another.
# The distribution's own comes first: it is optimised, as those that pyenv builds are not, and Ansible a sixth quicker in it.
# Ubuntu 22.04's python3 is too old, and its python3.11 is not.
find_python() {
    for candidate in ${PYTHON:-/usr/bin/python3 python3 python3.13 python3.12 python3.11}; do
        if command -v "$candidate" >/dev/null && is_new_enough "$candidate" &&
            { [ "${1:-}" != ready ] || makes_environments "$candidate" || { is_root && command -v apt-get >/dev/null; }; }; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

# Installs what is missing of the distribution's packages. Usage: install WHY PACKAGE …
install() {
    why=$1
    shift
    command -v apt-get >/dev/null || fail "$why: install it, then try again"
    is_root || may_sudo || fail "$why: sudo apt-get install $*"
    is_root && root= || root=sudo
    echo "setup: installing $* ($why)"
    $root apt-get update --quiet=2 || fail "apt-get update failed (see above)"
    $root env DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends "$@" >/dev/null ||
        fail "$* cannot be installed (see above)"
}

python=$(find_python ready || find_python) || fail "Python 3.11 or newer is needed (Debian 12 and Ubuntu 24.04 have it: sudo \
apt-get install python3 python3-venv; Ubuntu 22.04: python3.11 python3.11-venv), or name one: PYTHON=/path/to/python3 make setup"
makes_environments "$python" ||
    install "$python makes no environments" "python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
command -v ssh >/dev/null || install "Ansible needs ssh" openssh-client

begun=$(date +%s)
echo "setup: $folder from $lock (once; about a minute)"
[ -x "$folder/bin/python" ] && is_new_enough "$folder/bin/python" || "$python" -m venv --clear "$folder"
install_packages() {
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes --requirement "$1" ||
        fail "the packages of $1 cannot be installed (see above)"
}
# pip itself first: Ubuntu 22.04's, for one, takes its Python 3.11 for older than 3.11.
install_packages requirements-pip.lock
install_packages "$lock"
# Where Python may not keep what it compiled (PYTHONDONTWRITEBYTECODE), each command would compile Ansible anew: a second's
# work. Not the collections: Ansible reads those as they are. A file for another Python is none that anybody imports.
"$folder/bin/python" -m compileall -qq -j 0 -x /ansible_collections/ "$folder"/lib/python3*/site-packages || :
touch "$folder/ready"
echo "setup: ready after $(($(date +%s) - begun)) s"
