# SPDX-License-Identifier: Apache-2.0
"""A file system of its own for a state directory; needs root."""
import contextlib
import subprocess

from support.waiting import until


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def disk(folder, size_mb):
    """Mounted below the folder. That it can be unmounted in the end shows that nothing holds it."""
    image = folder / 'disk.img'
    point = folder / 'disk'
    with image.open('wb') as file:
        file.truncate(size_mb << 20)
    run('mke2fs', '-q', '-t', 'ext4', str(image))
    point.mkdir()
    run('mount', '-o', 'loop', str(image), str(point))
    try:
        yield point
    finally:
        until(lambda: subprocess.run(['umount', str(point)], check=False, stderr=subprocess.DEVNULL).returncode == 0,
              'something still uses the file system')
