# SPDX-License-Identifier: Apache-2.0
"""Max Memory Used: the peak, and the same however the environment came to be."""
import re

from support.waiting import health, until

# Takes so much memory for a moment, and less at the end.
CODE = '''
    import os

    def handler(event, context):
        if event == "exit":
            os._exit(1)
        block = bytearray(event << 20)
        for i in range(0, len(block), 4096):
            block[i] = 1
        del block
        started_with = open("/proc/self/environ").read()
        return "AWS_LAMBDA_FUNCTION_NAME=" not in started_with
    '''
PEAK_MB = 60  # on top of the interpreter
ROOM_MB = 4  # pages of libraries are charged to whoever touched them first


def used(answer):
    return int(re.search(r'Max Memory Used: (\d+) MB', answer.log).group(1))


def peak(function, is_stem=False):
    answer = function.invoke(PEAK_MB, tail=True)
    assert answer.json is is_stem, 'not the kind of start that is meant'
    return used(answer)


def test_same_however_it_was_started(start, own_daemon):
    factory = start('--stem-cells', '0', '--boxes-prepared', '0')
    # Once for the pages of files, which are then charged to nobody more.
    peak(factory.create(CODE, MemorySize=256))
    figures = {'made for it': peak(factory.create(CODE, MemorySize=256))}
    reset = factory.create(CODE, MemorySize=256)
    reset.invoke('exit')
    figures['after a reset'] = peak(reset)
    figures['again'] = peak(reset)
    factory.clean()
    own_daemon.stop()
    factory = start('--stem-cells', '0', '--boxes-prepared', '2')
    until(lambda: health(own_daemon)['boxesPrepared'] == 2, 'no prepared boxes')
    figures['prepared box'] = peak(factory.create(CODE, MemorySize=256))
    factory.clean()
    own_daemon.stop()
    factory = start('--stem-cells', '1')
    function = factory.create(CODE, MemorySize=256)
    until(lambda: health(own_daemon)['stemCells'] == 1, 'no stem cell')
    figures['stem cell'] = peak(function, is_stem=True)
    assert min(figures.values()) >= PEAK_MB, figures
    assert max(figures.values()) - min(figures.values()) <= ROOM_MB, figures


def test_is_the_peak(functions):
    """It does not go down when the memory is given back, and never exceeds the function's memory."""
    function = functions.create(CODE, MemorySize=256)
    before = used(function.invoke(0, tail=True))
    at_peak = used(function.invoke(PEAK_MB, tail=True))
    assert at_peak >= before + PEAK_MB * 0.9
    assert used(function.invoke(0, tail=True)) == at_peak <= 256
