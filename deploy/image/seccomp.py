"""Write seccomp.json from Podman's default profile: `seccomp.py /usr/share/containers/seccomp.json > seccomp.json`.

Chromium's sandbox is made of user namespaces and chroot, which Docker's and containerd's default profiles refuse to a
process without CAP_SYS_ADMIN and CAP_SYS_CHROOT. Podman's default (containers/common, Apache-2.0) allows the
namespaces. It allows mounting inside them as well, and more that nothing in these images needs: that is taken out, as
are the rules for capabilities, because the containers drop them all.
"""

import errno
import json
import sys
from pathlib import Path
from typing import Any

ARCHITECTURES = {"amd64", "arm64"}
NEEDED = {"chroot"}
UNNEEDED = {
    "fsconfig",
    "fsmount",
    "fsopen",
    "fspick",
    "keyctl",
    "mount",
    "mount_setattr",
    "move_mount",
    "name_to_handle_at",
    "open_tree",
    "pivot_root",
    "reboot",
    "setns",
    "syslog",
    "umount",
    "umount2",
}


def profile(podmans: dict[str, Any]) -> dict[str, Any]:
    """Return the profile for a container without capabilities that runs Chromium.

    It has no conditional rules: containerd, which reads it as an OCI profile, would pass over the conditions.

    Args:
        podmans: Podman's default profile.
    """
    rules = [rule for rule in podmans["syscalls"] if rule["action"] == "SCMP_ACT_ALLOW"]
    rules = [rule for rule in rules if not rule["includes"].get("caps")]
    rules = [rule for rule in rules if ARCHITECTURES & set(rule["includes"].get("arches", ARCHITECTURES))]
    always = {name for rule in rules if not rule["args"] for name in rule["names"]}
    by_argument = [{key: rule[key] for key in ("names", "action", "args")} for rule in rules if rule["args"]]
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": errno.ENOSYS,
        "syscalls": [
            {"names": sorted(always - UNNEEDED | NEEDED), "action": "SCMP_ACT_ALLOW"},
            *(rule for number, rule in enumerate(by_argument) if rule not in by_argument[:number]),
        ],
    }


if __name__ == "__main__":
    made = profile(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    sys.stdout.write(json.dumps(made, indent=1) + "\n")
