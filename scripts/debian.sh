# Installing Debian's packages, for the set-up scripts: sourced by them, never run by itself.

say() { printf '==> %s\n' "$*" >&2; }

fail() {
    printf '==> %s\n' "$@" >&2
    exit 1
}

# Install packages as root, or through sudo where it asks for no password; false where neither is possible. Never
# removes a package: Debian's MariaDB would otherwise push out a MySQL server that is in use.
debian_install() {
    local as_root=()
    command -v apt-get >/dev/null || return 1
    if [ "$(id -u)" -ne 0 ]; then
        sudo -n true 2>/dev/null || return 1
        as_root=(sudo -n)
    fi
    say "Installing from Debian: $*"
    "${as_root[@]}" apt-get update -qq >/dev/null || say "apt-get update failed; trying with the lists that are here"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-remove \
        --no-install-recommends "$@" >/dev/null
}
