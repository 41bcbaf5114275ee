# SPDX-License-Identifier: Apache-2.0
"""A host's network for tests, made of namespaces: nothing outside is needed, and nothing of the machine is changed.

    sandboxes ── daemon's "host" (namespace outer) 192.0.2.10 ──── 192.0.2.1 namespace world: servers

The thread that enters it, with what it starts, is in outer until leave().
"""
import ctypes
import itertools
import os
import pathlib
import re
import socket
import struct
import subprocess
import threading

WORLD, HOST = '192.0.2.1', '192.0.2.10'
METADATA = '169.254.169.254'
NAMES = {'service.test': WORLD}
CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
counter = itertools.count(1)


def run(*command, check=True, **options):
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **options)
    assert not check or done.returncode == 0, (command, done.stdout)
    return done.stdout


def enter(fd):
    if libc.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), 'setns')


class Network:
    """Needs root."""

    def __init__(self):
        name = f'lt{os.getpid()}-{next(counter)}'
        self.names = {'outer': f'{name}o', 'world': f'{name}w'}
        self.sockets = []
        self.home_fd = os.open('/proc/thread-self/ns/net', os.O_RDONLY)
        self.fds = {}
        for role, namespace in self.names.items():
            run('ip', 'netns', 'add', namespace)
            self.fds[role] = os.open(f'/run/netns/{namespace}', os.O_RDONLY)
            self.ip(role, 'link', 'set', 'lo', 'up')
        self.ip('outer', 'link', 'add', 'out', 'type', 'veth', 'peer', 'name', 'in', 'netns', self.names['world'])
        self.ip('outer', 'addr', 'add', f'{HOST}/24', 'dev', 'out')
        self.ip('world', 'addr', 'add', f'{WORLD}/24', 'dev', 'in')
        self.ip('outer', 'link', 'set', 'out', 'up')
        self.ip('world', 'link', 'set', 'in', 'up')
        self.ip('outer', 'route', 'add', 'default', 'via', WORLD)
        # Metadata services that would answer: one on the host, one behind it.
        for role in self.names:
            self.ip(role, 'addr', 'add', f'{METADATA}/32', 'dev', 'lo')
        enter(self.fds['outer'])
        self.forwarding('0')  # a new namespace begins as the machine is at the moment

    def ip(self, role, *arguments):
        return run('ip', '-n', self.names[role], *arguments)

    def leave(self):
        enter(self.home_fd)
        for server in self.sockets:
            server.close()
        for fd in [*self.fds.values(), self.home_fd]:
            os.close(fd)
        for namespace in self.names.values():
            run('ip', 'netns', 'del', namespace)

    def socket(self, role, kind=socket.SOCK_STREAM):
        """A socket of a namespace; they may be used from anywhere."""
        enter(self.fds[role])
        try:
            made = socket.socket(socket.AF_INET, kind)
        finally:
            enter(self.fds['outer'])
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sockets.append(made)
        return made

    def greeter(self, role, address='0.0.0.0', port=0, greeting=b'hello'):
        """A TCP server that greets everybody; its port."""
        server = self.socket(role)
        server.bind((address, port))
        server.listen(64)

        def serve():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(greeting)
        threading.Thread(target=serve, daemon=True).start()
        return server.getsockname()[1]

    def name_server(self, role, address, names):
        """DNS over UDP and TCP for these names; A records only."""
        udp, tcp = self.socket(role, socket.SOCK_DGRAM), self.socket(role)
        udp.bind((address, 53))
        tcp.bind((address, 53))
        tcp.listen(64)

        def serve_udp():
            while True:
                try:
                    query, client = udp.recvfrom(4096)
                    udp.sendto(dns_answer(query, names), client)
                except OSError:
                    return

        def serve_tcp():
            while True:
                try:
                    connection, _ = tcp.accept()
                except OSError:
                    return
                with connection, connection.makefile('rb') as stream:
                    query = stream.read(struct.unpack('>H', stream.read(2))[0])
                    answer = dns_answer(query, names)
                    connection.sendall(struct.pack('>H', len(answer)) + answer)
        for serve in (serve_udp, serve_tcp):
            threading.Thread(target=serve, daemon=True).start()

    def forwarding(self, value=None):
        """Of the daemon's host: the thread's namespace decides what the path means."""
        path = pathlib.Path('/proc/sys/net/ipv4/ip_forward')
        if value is not None:
            path.write_text(value)
        return path.read_text().strip()

    def state(self):
        """All that a daemon could change of its host."""
        sysctls = run('sysctl', '-a', '--pattern', r'^net\.ipv4\.', check=False)
        return {'links': sorted(re.findall(r'^\d+: ([^:@]+)', self.ip('outer', 'link'), re.M)),
                'routes': self.ip('outer', '-4', 'route', 'show', 'table', 'all'),
                'addresses': re.sub(r'valid_lft.*', '', self.ip('outer', '-4', 'addr')),
                'rules': run('nft', 'list', 'ruleset'),
                'sysctls': '\n'.join(sorted(line for line in sysctls.splitlines() if 'net.ipv4' in line
                                            and 'random' not in line))}


def dns_answer(query, names):
    """One question, one A record or none."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode())
        at += query[at] + 1
    question = query[12:at + 5]
    address = names.get('.'.join(labels)) if question[-4:-2] == b'\0\x01' else None
    known = '.'.join(labels) in names
    head = query[:2] + struct.pack('>HHHHH', 0x8180 if known else 0x8183, 1, 1 if address else 0, 0, 0)
    if not address:
        return head + question
    return head + question + b'\xc0\x0c' + struct.pack('>HHIH', 1, 1, 60, 4) + socket.inet_aton(address)
