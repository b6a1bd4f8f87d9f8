#!/usr/bin/env bash
# Build both images, and run the whole pipeline in the one with Chromium as compose.yaml would: user 10001, read-only,
# without capabilities, under the seccomp profile that is shipped.
#   scripts/test_image.sh docker    with Docker, over the Dockerfile's own base
#   scripts/test_image.sh buildah   as root, with buildah and podman, over a base made by debootstrap: no registry
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/debian.sh

work=${IMAGE_WORK:-.image}
hardened=(--read-only --tmpfs /tmp --volume /data --cap-drop all --security-opt no-new-privileges
    --security-opt "seccomp=$PWD/deploy/seccomp.json" --shm-size 256m)
version=$(sed -n 's/^version = //p' setup.cfg)

build_with_docker() { docker build --file deploy/Dockerfile --target "$1" --tag "babynames:$1" --build-arg VERSION="$version" .; }
run_with_docker() { docker run --rm "${hardened[@]}" "$@"; }

storage=(--storage-driver overlay --root "$work/storage" --runroot "$work/run")
base=localhost/debian:bookworm-local

build_with_buildah() {
    # What pip is configured with here is a secret of the build, and stays out of the layers.
    local given=(--volume /etc/ssl/certs/ca-certificates.crt:/etc/ssl/certs/ca-certificates.crt:ro)
    touch "$work/pip.conf"
    [ ! -e /etc/pip.conf ] || cp /etc/pip.conf "$work/pip.conf"
    BUILDAH_RUNTIME=runc buildah "${storage[@]}" bud --layers --isolation chroot --network host --format docker "${given[@]}" \
        --secret "id=pip,src=$work/pip.conf" --build-arg BASE="$base" --build-arg VERSION="$version" \
        --target "$1" --tag "localhost/babynames:$1" --file deploy/Dockerfile .
}
# crun fails under hybrid cgroups, and limits can't be raised without CAP_SYS_RESOURCE.
run_with_buildah() {
    podman "${storage[@]}" --cgroup-manager cgroupfs --events-backend file run --rm --runtime runc --no-healthcheck \
        --network host --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 "${hardened[@]}" "localhost/$1" "${@:2}"
}

make_base() {
    for program in buildah podman runc debootstrap; do
        command -v "$program" >/dev/null || debian_install buildah podman runc debootstrap
    done
    mkdir -p "$work"
    work=$(realpath "$work")
    storage=(--storage-driver overlay --root "$work/storage" --runroot "$work/run")
    ! buildah "${storage[@]}" images --quiet "$base" >/dev/null 2>&1 || return 0
    say "Making a Debian base"
    [ -d "$work/rootfs" ] || debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv bookworm "$work/rootfs"
    tar -C "$work/rootfs" --exclude='./var/cache/apt/*' --exclude='./var/lib/apt/lists/*' -cf "$work/rootfs.tar" .
    printf 'FROM scratch\nADD rootfs.tar /\n' > "$work/Dockerfile"
    buildah "${storage[@]}" bud --tag "$base" --file "$work/Dockerfile" "$work"
}

engine=${1:?docker or buildah}
case $engine in
docker) ;;
buildah) make_base ;;
*) fail "docker or buildah, not $engine" ;;
esac

for target in slim worker; do
    say "Building $target"
    "build_with_$engine" "$target"
done

say "No pip, compiler or root in either"
for target in slim worker; do
    "run_with_$engine" "babynames:$target" sh -ec '
        test "$(id -u)" = 10001
        ! command -v pip gcc strip
        ! python -c "import pip" 2>/dev/null
        test ! -e /etc/pip.conf || test ! -s /etc/pip.conf
        babynames --version
        dagster --version
    '
done

say "The whole pipeline, Chromium in its sandbox"
demo=$("run_with_$engine" babynames:worker babynames --quiet demo --json)
printf '%s\n' "$demo"
case $demo in
*'"success": true'*'"contacts_created": 347'*) say "Both images are good" ;;
*) fail "The demo did not do its work in the image." ;;
esac
