# SPDX-License-Identifier: Apache-2.0
"""Outbound network of functions: what they reach by name and by address, what they do not, what stays on the host.

Runs as root, also with --rootless UID, which then is the daemon's user: the test makes the network that the daemon
believes to be its host's.
"""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import stat
import subprocess
import concurrent.futures

import pytest

from support.daemon import Daemon
from support.functions import Factory
from support.network import HOST, METADATA, NAMES, WORLD, Network, enter, run
from support.waiting import health, until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason='makes network namespaces')

PROBE = '''
import errno, os, socket, struct, threading, urllib.request

listener = socket.create_server(('0.0.0.0', 7777))

def connect(host, port):
    try:
        with socket.create_connection((host, port), 2) as s:
            return s.recv(100).decode() if port != 7777 else 'connected'
    except socket.gaierror as e:
        return 'no such name'
    except TimeoutError:
        return 'timed out'
    except OSError as e:
        return errno.errorcode.get(e.errno, str(e))

def raw():
    outcomes = {}
    for name, family, kind, protocol in (('icmp', socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
                                         ('packet', socket.AF_PACKET, socket.SOCK_RAW, 0),
                                         ('packet, cooked', socket.AF_PACKET, socket.SOCK_DGRAM, 0)):
        try:
            socket.socket(family, kind, protocol).close()
            outcomes[name] = 'made'
        except OSError as e:
            outcomes[name] = 'refused'
    return outcomes

def dns_over_tcp(name):
    server = open('/etc/resolv.conf').read().split()[1]
    query = b'\\x12\\x34\\x01\\x00\\x00\\x01' + bytes(6)
    for label in name.split('.'):
        query += bytes([len(label)]) + label.encode()
    query += b'\\0\\0\\x01\\0\\x01'
    with socket.create_connection((server, 53), 10) as s:
        s.sendall(struct.pack('>H', len(query)) + query)
        stream = s.makefile('rb')
        return socket.inet_ntoa(stream.read(struct.unpack('>H', stream.read(2))[0])[-4:])

def address():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(('192.0.2.1', 9))
        return s.getsockname()[0]

def say(host, port, word):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(word.encode(), (host, port))

def interfaces():
    return [name for _, name in socket.if_nameindex()]

def addresses6():
    try:
        return open('/proc/net/if_inet6').read()
    except FileNotFoundError:
        return ''

def connections(host, port, count):
    made, outcome = [], 'all'
    try:
        for _ in range(count):
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.connect((host, port))
            s.send(b'x')
            s.close()
    except OSError as e:
        outcome = errno.errorcode[e.errno]
    return outcome

def handler(event, context):
    return globals()[event[0]](*event[1:])
'''


class Host(Daemon):
    """A daemon on the host that the test has made, with a resolv.conf of that host's own."""

    def __init__(self, program, uid, network):
        super().__init__(program, uid)
        self.network = network
        self.resolv_conf = self.folder / 'resolv.conf'
        self.resolv_conf.write_text(f'nameserver {WORLD}\n')
        self.covered = []  # programs that this host does not have

    def command(self, *options, **changes):
        cover = ''.join(f'mount --bind /dev/null {path} && ' for path in self.covered)
        script = f'mount --bind {self.resolv_conf} /etc/resolv.conf && {cover}exec "$@"'
        return ['unshare', '-m', 'sh', '-c', script, 'sh', *super().command(*options, **changes)]


@contextlib.contextmanager
def tun_for_everybody():
    path = '/dev/net/tun'
    mode = stat.S_IMODE(os.stat(path).st_mode)
    os.chmod(path, 0o666)
    try:
        yield
    finally:
        os.chmod(path, mode)


@pytest.fixture
def network():
    network = Network()
    yield network
    network.leave()


@pytest.fixture
def new_host(program, daemon_uid, network):
    """Daemons on the same host, not started."""
    made = []

    def new_host():
        made.append(Host(program, daemon_uid, network))
        return made[-1]
    with tun_for_everybody() if daemon_uid is not None else contextlib.nullcontext():
        yield new_host
        for host in made:
            host.close()


@pytest.fixture
def host(new_host):
    return new_host()


@pytest.fixture
def probe(connect):
    """probe(daemon): a function there to look around with; what it is called with is a function of PROBE."""
    def probe(daemon, **settings):
        function = Factory(connect(daemon.endpoint)).create(PROBE, Timeout=60, **settings)

        def call(*event):
            answer = function.invoke(event)
            assert answer.error is None, answer
            return answer.json
        return call
    return probe


def wait_for_uplink(call, port):
    """Without root the uplink is there a moment after the daemon."""
    until(lambda: call('connect', WORLD, port) == 'hello', 'the world was not reached')


# What is reached

def test_by_address_and_by_name(network, host, probe):
    port = network.greeter('world')
    network.name_server('world', WORLD, NAMES)
    host.start('--network', 'nat')
    call = probe(host)
    wait_for_uplink(call, port)
    assert call('connect', 'service.test', port) == 'hello'
    assert call('connect', 'nowhere.test', port) == 'no such name'
    assert call('dns_over_tcp', 'service.test') == WORLD
    assert sorted(call('interfaces')) == ['eth0', 'lo']
    assert 'eth0' not in call('addresses6')


def test_it_is_the_default(network, host, probe):
    port = network.greeter('world')
    host.start()
    wait_for_uplink(probe(host), port)
    assert len(host.output) == 2 or not any('network' in line for line in host.output)


def test_resolver_on_the_hosts_loopback_and_its_changes(network, host, probe):
    """The host's /etc/resolv.conf counts as it is at the moment of the query; a server that is silent is passed over."""
    port = network.greeter('world')
    network.name_server('outer', '127.0.0.53', {'local.test': WORLD})
    network.name_server('world', WORLD, NAMES)
    silent = network.socket('world', socket.SOCK_DGRAM)
    silent.bind((METADATA, 53))
    host.resolv_conf.write_text('nameserver 127.0.0.53\n')
    host.start('--network', 'nat')
    call = probe(host)
    wait_for_uplink(call, port)
    assert call('connect', 'local.test', port) == 'hello'
    assert call('dns_over_tcp', 'local.test') == WORLD
    assert call('connect', 'service.test', port) == 'no such name'
    host.resolv_conf.write_text(f'# elsewhere now\nnameserver 127.0.0.99\nnameserver {WORLD}\n')
    assert call('connect', 'service.test', port) == 'hello'
    network.ip('outer', 'addr', 'del', f'{METADATA}/32', 'dev', 'lo')
    host.resolv_conf.write_text(f'# a silent one first\nnameserver {METADATA}\nnameserver {WORLD}\n')
    assert call('connect', 'service.test', port) == 'hello'


# What is not

def test_the_host_is_not_reached(network, host, probe):
    """No address of the host, whatever listens there: not the daemon, nor anybody else."""
    world = network.greeter('world')
    port = network.greeter('outer')
    host.start('--network', 'nat')
    call = probe(host)
    wait_for_uplink(call, world)
    network.ip('outer', 'addr', 'add', '198.51.100.1/32', 'dev', 'lo')
    addresses = re.findall(r'inet ([\d.]+)', network.ip('outer', '-4', 'addr'))
    assert {HOST, '198.51.100.1', '127.0.0.1', METADATA} <= set(addresses)
    # Where the uplink is pasta, the filter hears of a new address a moment later.
    until(lambda: call('connect', '198.51.100.1', port) != 'hello', 'the new address of the host was reached')
    gateway = '.'.join(call('address').split('.')[:2]) + '.0.'
    uplinks = re.findall(r'([\d.]+) dev lambd-', network.ip('outer', 'route'))
    for address in [*addresses, *uplinks, gateway + '1', gateway + '2']:
        if address not in uplinks and not address.startswith(gateway):
            with socket.create_connection((address, port), 5) as here:
                assert here.recv(10) == b'hello'  # it can be reached, only not from a function
        for target in (port, host.port, 22):
            outcome = call('connect', address, target)
            assert outcome in ('timed out', 'ECONNREFUSED', 'EHOSTUNREACH'), (address, target, outcome)


def test_metadata_is_not_reached(network, host, probe):
    world = network.greeter('world')
    network.greeter('outer', METADATA, 80)
    network.greeter('world', METADATA, 80)
    network.ip('world', 'addr', 'add', '168.63.129.16/32', 'dev', 'lo')
    network.greeter('world', '168.63.129.16', 80)
    network.ip('world', 'addr', 'add', '168.63.129.17/32', 'dev', 'lo')
    network.greeter('world', '168.63.129.17', 80)
    host.start('--network', 'nat')
    call = probe(host)
    wait_for_uplink(call, world)
    assert call('connect', '168.63.129.17', 80) == 'hello'
    assert call('connect', METADATA, 80) == 'ECONNREFUSED'
    assert call('connect', '168.63.129.16', 80) == 'ECONNREFUSED'
    network.ip('outer', 'addr', 'del', f'{METADATA}/32', 'dev', 'lo')  # now it is behind the host
    assert call('connect', METADATA, 80) == 'ECONNREFUSED'


def test_other_sandboxes_are_not_reached(network, new_host, probe):
    """Neither those of the same daemon nor of another one on this host, nor from the host."""
    world = network.greeter('world')
    first, second = new_host(), new_host()
    first.start('--network', 'nat')
    second.start('--network', 'nat')
    one, other, foreign = probe(first), probe(first), probe(second)
    for call in (one, other, foreign):
        wait_for_uplink(call, world)
    address = other('address')
    assert address not in (one('address'), foreign('address'))
    assert other('connect', address, 7777) == 'connected'
    for call in (one, foreign):
        assert call('connect', address, 7777) in ('ECONNREFUSED', 'timed out')
    for uplink in re.findall(r'([\d.]+) dev lambd-', network.ip('outer', 'route')):
        assert one('connect', uplink, 7777) != 'connected'
    with pytest.raises(OSError):
        socket.create_connection((address, 7777), 1)


def test_raw_sockets_are_refused(network, host, probe):
    host.start('--network', 'nat')
    assert set(probe(host)('raw').values()) == {'refused'}


def test_nobody_speaks_for_another(network, host, probe):
    """A sandbox that could choose its address would still not get through with another one."""
    world = network.greeter('world')
    heard = network.socket('world', socket.SOCK_DGRAM)
    heard.bind((WORLD, 9999))
    heard.settimeout(60)
    host.start('--network', 'nat')
    call = probe(host)
    wait_for_uplink(call, world)
    address = call('address')
    box = namespace_of(host, address)
    enter(box)
    try:
        others = ['10.232.77.77', '203.0.113.5', '.'.join(address.split('.')[:3]) + '.250']
        for other in others:
            run('ip', 'addr', 'add', f'{other}/32', 'dev', 'eth0')
        for source in [*others, address]:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as speaker:
                speaker.bind((source, 0))
                speaker.sendto(source.encode(), (WORLD, 9999))
    finally:
        enter(network.fds['outer'])
        os.close(box)
    assert heard.recv(100).decode() == address  # sent last, and the only one that arrives


def test_a_sandbox_has_its_share_of_connections(network, host, probe):
    world = network.greeter('world')
    sink = network.socket('world', socket.SOCK_DGRAM)
    sink.bind((WORLD, 9998))
    host.start('--network', 'nat')
    call, other = probe(host), probe(host)
    wait_for_uplink(call, world)
    assert call('connections', WORLD, 9998, 900) == 'all'
    until(lambda: call('connections', WORLD, 9998, 200) != 'all' or call('connect', WORLD, world) == 'ECONNREFUSED',
          'there was no end')
    assert other('connect', WORLD, world) == 'hello'


# Settings

def test_none(network, host, probe):
    host.start('--network', 'none')
    call = probe(host)
    assert call('interfaces') == ['lo']
    assert call('connect', WORLD, 80) == 'ENETUNREACH'
    assert call('connect', 'service.test', 80) == 'no such name'


def refuses(host, *options):
    status, output = host.run_to_end(*options)
    assert status == 2, (status, output)
    assert len(output.splitlines()) == 1, output
    return output


@pytest.mark.parametrize('options', [
    ['--network', 'bridge'], ['--network-range', '10.0.0.0'], ['--network-range', '10.0.0.1/16'],
    ['--network-range', 'fd00::/16']])
def test_what_is_no_network(network, host, options):
    assert options[1] in refuses(host, *options)


def test_range_that_is_taken(network, host, probe):
    """Asked for it is refused; a default just does without, and says so."""
    few = ['--environments-max', '20', '--boxes-prepared', '1']
    assert 'route of this host' in refuses(host, '--network', 'nat', '--network-range', '192.0.2.0/24', *few)
    assert 'twice as many' in refuses(host, '--network', 'nat', '--network-range', '10.9.8.0/26', *few)
    assert 'lambd-' not in network.ip('outer', 'link')
    host.start('--network-range', '192.0.2.0/24', *few)
    assert any('route of this host' in line for line in host.output)
    assert probe(host)('interfaces') == ['lo']
    host.stop()
    network.ip('outer', 'route', 'add', '10.0.0.0/8', 'via', WORLD)
    host.start()
    assert probe(host)('address').startswith('172.27.')


def test_range_of_ones_own(network, host, probe):
    world = network.greeter('world')
    host.start('--network-range', '10.9.8.0/24', '--environments-max', '20', '--boxes-prepared', '1')
    call = probe(host)
    wait_for_uplink(call, world)
    assert call('address').startswith('10.9.8.')


def test_what_is_missing_is_said(network, host, probe, daemon_uid):
    host.covered = [os.path.realpath(shutil.which('nft'))]
    assert 'nftables' in refuses(host, '--network', 'nat')
    host.start()
    assert any('nftables' in line for line in host.output)
    assert probe(host)('interfaces') == ['lo']
    host.stop()
    if daemon_uid is None:
        return
    host.covered = [os.path.realpath(shutil.which('pasta'))]
    assert 'passt' in refuses(host, '--network', 'nat')
    os.chmod('/dev/net/tun', 0o600)
    host.covered = []
    assert '/dev/net/tun' in refuses(host, '--network', 'nat')


# What stays on the host

def children(pid):
    return [int(child) for child in pathlib.Path(f'/proc/{pid}/task/{pid}/children').read_text().split()]


def jail_of(host):
    jail, = children(host.process.pid)  # the daemon starts nothing else
    return jail


def descendants(pid):
    return [pid] + [each for child in children(pid) for each in descendants(child)]


def named(host, name):
    for pid in descendants(jail_of(host)):
        with contextlib.suppress(OSError):
            if pathlib.Path(f'/proc/{pid}/comm').read_text().startswith(name):
                return pid
    return None


def namespace_of(host, address):
    """An open descriptor of the network namespace of the box that has this address."""
    for pid in descendants(jail_of(host)):
        with contextlib.suppress(OSError):
            text = pathlib.Path(f'/proc/{pid}/net/fib_trie').read_text()
            if re.search(rf'-- {address}\n\s+/32 host LOCAL', text):
                return os.open(f'/proc/{pid}/ns/net', os.O_RDONLY)
    raise AssertionError(f'no sandbox has {address}')


def links_of_boxes(host):
    """The numbers of the links that there are; no number is given twice."""
    text = run('nsenter', f'--net=/proc/{jail_of(host)}/ns/net', 'ip', '-o', 'link')
    return [int(number, 16) for number in re.findall(r'^\d+: b([0-9a-f]+)@', text, re.M)]


def test_two_hundred_sandboxes_leave_nothing(network, host, connect):
    before = network.state()
    host.start('--network', 'nat', '--boxes-prepared', '4')
    factory = Factory(connect(host.endpoint))
    first = until(lambda: links_of_boxes(host), 'no sandbox was prepared')[0]
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        while max(links_of_boxes(host)) - first < 200:
            function = factory.create('import time\ndef handler(event, context):\n    time.sleep(0.5)\n')
            assert list(pool.map(lambda n: function.invoke().error, range(50))) == [None] * 50
            factory.clean()
            until(lambda: health(host)['environments'] == 0, 'environments stay')
    until(lambda: len(links_of_boxes(host)) <= 20, 'links of boxes stay')
    host.stop()
    assert network.state() == before


def test_killed_daemon_leaves_nothing(network, host):
    before = network.state()
    host.start('--network', 'nat')
    host.kill()
    until(lambda: network.state() == before, 'the jail left something')


def test_next_start_removes_what_a_killed_jail_left(network, host, daemon_uid):
    before = network.state()
    for options in (['--network', 'nat'], ['--network', 'none']):
        host.start('--network', 'nat')
        os.kill(jail_of(host), signal.SIGKILL)
        assert host.process.wait(60) != 0
        host.process = None
        if daemon_uid is None:
            assert network.state() != before
        host.start(*options)
        host.stop()
        assert network.state() == before


def test_what_a_killed_jail_left_goes_with_another_lambd(network, new_host, daemon_uid):
    """Its own may never be started again."""
    before = network.state()
    killed, other = new_host(), new_host()
    killed.start('--network', 'nat')
    other.start('--network', 'nat')
    os.kill(jail_of(killed), signal.SIGKILL)
    assert killed.process.wait(60) != 0
    killed.process = None
    until(lambda: network.ip('outer', 'link').count('lambd-') <= 1, 'the killed one has a link')
    assert daemon_uid is not None or run('nft', 'list', 'tables').count('lambd-') == 3
    other.stop()
    assert network.state() == before


def test_forwarding(network, new_host, probe, daemon_uid):
    """It is switched on for lambd's own packets only, and off again by the last one; where it is on it stays."""
    if daemon_uid is not None:
        return
    first, second = new_host(), new_host()
    assert network.forwarding() == '0'
    first.start()
    second.start()
    assert network.forwarding() == '1'
    assert 'lambd-forwarding' in run('nft', 'list', 'tables')
    first.stop()
    assert network.forwarding() == '1'
    assert 'lambd-forwarding' in run('nft', 'list', 'tables')
    second.stop()
    assert network.forwarding() == '0'
    assert run('nft', 'list', 'tables') == ''
    network.forwarding('1')
    first.start()
    assert 'lambd-forwarding' not in run('nft', 'list', 'tables')
    first.stop()
    assert network.forwarding() == '1'


def test_the_host_becomes_no_router(network, host, probe, daemon_uid):
    """While lambd has switched forwarding on, nobody else's packets are forwarded."""
    if daemon_uid is not None:
        return
    third = f'{network.names["world"]}3'
    run('ip', 'netns', 'add', third)
    try:
        network.ip('outer', 'link', 'add', 'side', 'type', 'veth', 'peer', 'name', 'side', 'netns', third)
        network.ip('outer', 'addr', 'add', '203.0.113.1/24', 'dev', 'side')
        network.ip('outer', 'link', 'set', 'side', 'up')
        run('ip', '-n', third, 'addr', 'add', '203.0.113.2/24', 'dev', 'side')
        run('ip', '-n', third, 'link', 'set', 'side', 'up')
        network.ip('world', 'route', 'add', '203.0.113.0/24', 'via', HOST)
        world = network.greeter('world')
        host.start('--network', 'nat')
        wait_for_uplink(probe(host), world)

        def cross():
            code = 'import socket,sys; socket.create_connection(("203.0.113.2", 5), 1)'
            return subprocess.run(['nsenter', f'--net=/run/netns/{network.names["world"]}', 'python3', '-c', code],
                                  stderr=subprocess.PIPE, text=True, check=False).stderr.splitlines()[-1]
        run('ip', '-n', third, 'route', 'add', 'default', 'via', '203.0.113.1')
        assert 'refused' not in cross()
        run('nft', 'delete', 'table', 'ip', 'lambd-forwarding')
        assert 'refused' in cross()  # so it was this table that held it back
    finally:
        run('ip', 'netns', 'del', third)


# Helpers that die

@pytest.mark.parametrize('name', ['lambd-dns', 'passt'])
def test_helper_is_started_again(network, host, probe, daemon_uid, name):
    if name == 'passt' and daemon_uid is None:
        return
    world = network.greeter('world')
    network.name_server('world', WORLD, NAMES)
    host.start('--network', 'nat')
    call = probe(host)
    wait_for_uplink(call, world)
    until(lambda: call('connect', 'service.test', world) == 'hello', 'names are not resolved')
    pid = until(lambda: named(host, name), f'there is no {name}')
    os.kill(pid, signal.SIGKILL)
    until(lambda: any('is started again' in line for line in host.output), 'it was not said')
    until(lambda: named(host, name) not in (None, pid), 'it was not started again')
    until(lambda: call('connect', 'service.test', world) == 'hello', 'names are not resolved any more')
