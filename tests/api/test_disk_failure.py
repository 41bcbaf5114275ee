# SPDX-License-Identifier: Apache-2.0
"""fsync fails: no 202 and no 201 for what is not on disk, and nothing that was acknowledged is lost.

What is promised of a change that was refused: it may be found done after the next start (it was written, and nobody knows
whether it is on disk), but only as a whole, and as what was asked for.
"""
import contextlib
import re
import sqlite3
import threading

import pytest

from support.faults import Faults
from support.functions import PYTHON, ROLE, Factory
from support.zips import make_zip
from test_async import health, send

LATER = 'def handler(event, context):\n    raise ValueError("again, in a minute")\n'


@pytest.fixture
def faults(own_daemon):
    return Faults(own_daemon)


def send_until_refused(function, worker, size, accepted, refused):
    """Sends events until one is refused; that must be as AWS says it."""
    for n in range(1000):
        id = f'{worker}-{n}'
        try:
            send(function, {'id': id, 'fill': 'x' * size})
        except function.client.exceptions.ServiceException as refusal:
            assert refusal.response['ResponseMetadata']['HTTPStatusCode'] == 500
            refused.add(id)
            return
        accepted.add(id)


def send_from_many(function, size, accepted, refused):
    workers = [threading.Thread(target=send_until_refused, args=(function, worker, size, accepted, refused))
               for worker in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def check_refuses_changes(daemon, factory, function):
    """Whatever asks for a change hears that it was not made; what runs goes on running."""
    client = factory.client
    with pytest.raises(client.exceptions.ServiceException):
        send(function, {'id': 'refused'})
    for change in (lambda: client.create_function(FunctionName='refused', Runtime=PYTHON, Handler='app.handler', Role=ROLE,
                                                  Code={'ZipFile': make_zip({'app.py': LATER})}),
                   lambda: client.publish_version(FunctionName=function.name),
                   lambda: client.tag_resource(Resource=function.arn, Tags={'a': 'b'})):
        with pytest.raises(client.exceptions.ServiceException):
            change()
    assert function.invoke().error == 'Unhandled'
    assert health(daemon)['status'] == 'failing'
    assert 'nothing more is written until lambd is started again' in daemon.text()


def queued(daemon):
    """The ids of all events in the queue of a daemon that does not run."""
    with contextlib.closing(sqlite3.connect(daemon.state_dir / 'lambd.db')) as database:
        rows = database.execute('SELECT value FROM record WHERE kind = 8').fetchall()
    return [re.search(rb'{"id": "([^"]+)"', value)[1].decode() for value, in rows]


@pytest.mark.parametrize('spare_log, size', [(False, 100), (True, 100000)], ids=['log', 'database'])
def test_fsync_fails(own_daemon, connect, faults, spare_log, size):
    """The log's, with which a commit ends, in the midst of load; or the database's, when the log is written back."""
    own_daemon.start()
    factory = Factory(connect(own_daemon.endpoint))
    function = factory.create(LATER)
    accepted, refused = set(), set()
    faults.fail_syncs(after=0 if spare_log else 25, spare_log=spare_log)
    send_from_many(function, size, accepted, refused)
    assert accepted and len(refused) == 4
    assert faults.failed_syncs > 0
    check_refuses_changes(own_daemon, factory, function)
    faults.mend()  # the next fsync would say that all is well
    check_refuses_changes(own_daemon, factory, function)
    own_daemon.kill()

    own_daemon.start()
    assert health(own_daemon)['status'] == 'ok'
    with pytest.raises(factory.client.exceptions.ResourceNotFoundException):
        factory.client.get_function(FunctionName='refused')
    found = health(own_daemon)['asyncEvents']
    own_daemon.stop()
    ids = queued(own_daemon)
    assert accepted <= set(ids) <= accepted | refused | {'refused'}
    assert len(ids) == found


def test_start_while_fsync_fails(own_daemon, connect, faults):
    """After a failure the next start puts everything on disk, or says that it cannot."""
    own_daemon.start()
    factory = Factory(connect(own_daemon.endpoint))
    factory.create(LATER)
    faults.fail_syncs()
    own_daemon.kill()
    code, text = own_daemon.run_to_end()
    assert code != 0 and 'cannot write the log of' in text
    faults.mend()
    own_daemon.start()
    assert [item['FunctionName'] for item in factory.client.list_functions()['Functions']] == factory.names
