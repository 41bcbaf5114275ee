# SPDX-License-Identifier: Apache-2.0
"""A disk whose fsync fails and a wall clock that jumps, for one daemon (faults.c is preloaded into it)."""
import mmap
import pathlib
import struct
import subprocess

SOURCE = pathlib.Path(__file__).with_name('faults.c')
FIELDS = ('syncs_left', 'spares_log', 'failed_syncs', 'shift_ms')  # struct control


class Faults:
    def __init__(self, daemon):
        """Before the daemon is started."""
        library, control = daemon.folder / 'faults.so', daemon.folder / 'faults'
        subprocess.run(['cc', '-shared', '-fPIC', '-O1', '-D_GNU_SOURCE', '-Wall', '-Werror', '-o', library, SOURCE, '-ldl'],
                       check=True)
        control.write_bytes(bytes(8 * len(FIELDS)))
        control.chmod(0o666)  # the daemon is another user
        with open(control, 'r+b') as file:
            self.control = mmap.mmap(file.fileno(), 0)
        self.mend()
        daemon.variables |= {'FAULTS_CONTROL': str(control), 'LD_PRELOAD': str(library)}
        # A sanitizer's library wants to be the first; ours calls it all the same.
        daemon.variables['ASAN_OPTIONS'] = f'{daemon.environment()["ASAN_OPTIONS"]}:verify_asan_link_order=0'

    def _set(self, field, value):
        struct.pack_into('=q', self.control, 8 * FIELDS.index(field), value)

    def fail_syncs(self, after=0, spare_log=False):
        """From now on, or when so many more have worked, every fsync fails."""
        self._set('spares_log', spare_log)
        self._set('syncs_left', after)

    def mend(self):
        self._set('syncs_left', -1)

    @property
    def failed_syncs(self):
        return struct.unpack_from('=q', self.control, 8 * FIELDS.index('failed_syncs'))[0]

    def shift_clock(self, hours):
        """The wall clock of the daemon jumps to so many hours from the real time."""
        self._set('shift_ms', int(hours * 3600 * 1000))
