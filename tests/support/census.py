# SPDX-License-Identifier: Apache-2.0
"""What a daemon holds of its host: processes, descriptors, mounts, network namespaces, control groups, loop devices,
memory. All of it is this daemon's only, so that others may run beside it."""
import array
import dataclasses
import fcntl
import hashlib
import os
import pathlib

PROC = pathlib.Path('/proc')
LOOP_GET_STATUS64 = 0x4C05


def children_of(pid):
    """All processes below one."""
    below = {}
    for path in PROC.iterdir():
        try:
            if path.name.isdigit():
                stat = (path / 'stat').read_text().rsplit(')', 1)[1].split()
                below.setdefault(int(stat[1]), []).append(int(path.name))
        except OSError:
            pass  # it has ended meanwhile
    found, queue = [], [pid]
    while queue:
        children = below.get(queue.pop(), [])
        found += children
        queue += children
    return found


def jail_of(daemon):
    """The jail's process. Its name is another without root, where it starts itself again."""
    for pid in children_of(daemon.process.pid):
        stat = (PROC / str(pid) / 'stat').read_text().rsplit(')', 1)[1].split()
        if int(stat[1]) == daemon.process.pid and os.readlink(PROC / str(pid) / 'exe').endswith('/lambd-jail'):
            return pid
    raise FileNotFoundError('there is no jail')


def cgroups_of(daemon):
    """Control groups of this daemon's sandboxes: they carry a name made from its state directory."""
    instance = 'l' + hashlib.sha256(str(daemon.state_dir).encode()).hexdigest()[:16]
    return [folder for folder, _, _ in os.walk('/sys/fs/cgroup') if instance in folder]


def loops_on(device):
    """How many loop devices have their file on this file system."""
    count = 0
    for path in pathlib.Path('/sys/block').glob('loop*/loop'):
        status = array.array('Q', [0] * 32)
        try:
            with open(f'/dev/{path.parent.name}', 'rb') as loop:
                fcntl.ioctl(loop, LOOP_GET_STATUS64, status)
        except OSError:
            continue  # it has been cleared meanwhile
        count += status[0] == device
    return count


def resident_kb(pid):
    """Memory of its own, without files that are mapped."""
    text = (PROC / str(pid) / 'status').read_text()
    return int(text.split('RssAnon:')[1].split()[0])


@dataclasses.dataclass
class Census:
    processes: int
    descriptors: dict  # of the processes outside of the boxes: name → sorted numbers
    mounts: int  # in the jail's namespace
    links: int  # network links there
    network_namespaces: int
    cgroups: int
    loops: int  # counted where the state directory has a file system of its own


def take(daemon):
    """Raises OSError when a process ends while it is looked at."""
    pid = daemon.process.pid
    family = [pid, *children_of(pid)]
    home = os.readlink(PROC / 'self/ns/pid')
    descriptors, namespaces, jail = {}, set(), jail_of(daemon)
    for one in family:
        namespaces.add(os.readlink(PROC / str(one) / 'ns/net'))
        if os.readlink(PROC / str(one) / 'ns/pid') == home:
            name = (PROC / str(one) / 'comm').read_text().strip()
            fds = [os.readlink(fd) for fd in (PROC / str(one) / 'fd').iterdir() if fd.is_symlink()]
            # The daemon's own connections come and go with the client's pool.
            number = sum(one != pid or not fd.startswith('socket') for fd in fds)
            descriptors.setdefault(name, []).append(number)
    return Census(
        processes=len(family), descriptors={name: sorted(numbers) for name, numbers in descriptors.items()},
        mounts=len((PROC / str(jail) / 'mountinfo').read_text().splitlines()),
        links=len((PROC / str(jail) / 'net/dev').read_text().splitlines()),
        network_namespaces=len(namespaces), cgroups=len(cgroups_of(daemon)),
        loops=loops_on(os.stat(daemon.state_dir).st_dev) if os.path.ismount(daemon.state_dir.parent) else 0)
