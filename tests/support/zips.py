# SPDX-License-Identifier: Apache-2.0
"""Zips for the tests, made in memory."""
import io
import stat
import textwrap
import zipfile


def entry(name, mode=0o644, kind=stat.S_IFREG):
    info = zipfile.ZipInfo(name, (2024, 1, 2, 3, 4, 6))
    info.create_system = 3  # Unix: the upper half of external_attr is st_mode
    info.external_attr = (kind | mode) << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def make_zip(files):
    """{name: text or bytes}; a name "x" given as ("x", 0o755) carries that mode."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, 'w') as archive:
        for name, content in files.items():
            name, mode = name if isinstance(name, tuple) else (name, 0o644)
            if isinstance(content, str):
                content = textwrap.dedent(content).encode()
            archive.writestr(entry(name, mode), content)
    return data.getvalue()


def zip_folder(folder):
    """A zip of everything in a folder, symbolic links as such."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, 'w') as archive:
        for path in sorted(folder.rglob('*')):
            name = str(path.relative_to(folder))
            if path.is_symlink():
                archive.writestr(entry(name, 0o777, stat.S_IFLNK), str(path.readlink()))
            elif path.is_file():
                archive.writestr(entry(name, path.stat().st_mode & 0o777), path.read_bytes())
    return data.getvalue()
