# SPDX-License-Identifier: Apache-2.0
"""Functions that print without end or without line ends: what is dropped is counted, and nobody else notices."""
import re
import threading

from support.extensions import log_of

LINE = 100  # bytes, with its end
DROPPED = re.compile(r'^lambd dropped (\d+) log events \((\d+) bytes\) here$', re.M)


def test_flood(functions, daemon):
    """Printed is what is logged and what is told to be dropped, to the byte."""
    printer = functions.create(f'''
        import os
        def handler(event, context):
            block = b"".join(b"line %08d " % i + b"x" * {LINE - 15} + b"\\n" for i in range(1000))
            assert len(block) == 1000 * {LINE}
            for _ in range(event):
                left = block
                while left:
                    left = left[os.write(1, left):]
        ''', Timeout=120)
    neighbour = functions.create('def handler(event, context):\n    return event\n')
    neighbour.invoke(0)
    thousands = 1000
    printing = threading.Thread(target=printer.invoke, args=(thousands,))
    printing.start()
    count = 0
    while printing.is_alive():
        count += 1
        assert neighbour.invoke(count).json == count
    printing.join()
    log = log_of(daemon, printer, 'REPORT RequestId')
    events = log.count('line ')
    notes = [tuple(map(int, note)) for note in DROPPED.findall(log)]
    assert notes, 'all of 100 MB was logged'
    assert events + sum(number for number, _ in notes) == thousands * 1000
    assert sum(size for _, size in notes) == (thousands * 1000 - events) * (LINE - 1)
    for word in ('START RequestId', 'END RequestId', 'REPORT RequestId'):
        assert log.count(word) == 1
    # The environment may print again, and nobody speaks of dropping then.
    printer.invoke(0)
    assert len(DROPPED.findall(log_of(daemon, printer, 'REPORT RequestId', 2))) == len(notes)


def test_long_lines_are_split(functions, daemon):
    """After 256 KB, wherever the writes end."""
    function = functions.create('''
        import os
        def handler(event, context):
            os.write(1, b"first\\n")
            for _ in range(6):
                data = b"y" * 100000
                while data:
                    data = data[os.write(1, data):]
            os.write(1, b"\\nlast\\n")
        ''')
    function.invoke()
    log = log_of(daemon, function, 'REPORT RequestId')
    assert [len(line) for line in log.splitlines() if line.startswith('yy')] == [262144, 262144, 600000 - 2 * 262144]
    assert log.index('first') < log.index('yy') < log.index('last')
