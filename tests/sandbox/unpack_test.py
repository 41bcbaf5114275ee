#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Honest and hostile zips through the real unpacker: python3 unpack_test.py UNPACK-RUN."""

import io
import os
import stat
import struct
import subprocess
import sys
import tempfile
import unittest
import zipfile

RUN = None
OK, BAD, EMPTY, TOO_LARGE, TOO_MANY = range(5)
BYTES_MAX = 4 << 20
MUST_WORK = os.environ.get("MUST_WORK") == "1"


def make(entries, compression=zipfile.ZIP_DEFLATED):
    """entries: (name, content, mode or None); a mode of 0 means what zipfile writes by itself."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as z:
        for name, content, mode in entries:
            info = zipfile.ZipInfo(name, (2024, 2, 3, 4, 5, 6))
            info.compress_type = compression
            if mode is not None:
                info.external_attr = mode << 16
                info.create_system = 3
            z.writestr(info, content)
    return out.getvalue()


def link(name, target):
    return (name, target, stat.S_IFLNK | 0o777)


def central_offset(data):
    end = data.rfind(b"PK\5\6")
    return struct.unpack("<I", data[end + 16 : end + 20])[0]


def patch(data, offset, value):
    return data[:offset] + value + data[offset + len(value) :]


class Unpack(unittest.TestCase):
    def run_zips(self, *zips, bytes_max=BYTES_MAX):
        """Returns [(outcome, bytes, text, folder)]."""
        self.folder = tempfile.mkdtemp(prefix="lambd-unpack-test-")
        self.addCleanup(subprocess.run, ["rm", "-rf", self.folder], check=True)
        os.chmod(self.folder, 0o755)
        paths = []
        for i, data in enumerate(zips):
            paths.append(os.path.join(self.folder, f"{i}.zip"))
            with open(paths[-1], "wb") as f:
                f.write(data)
        done = subprocess.run([RUN, self.folder, str(bytes_max), *paths], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, errors="replace", timeout=120)
        if done.returncode == 77 and not MUST_WORK:
            self.skipTest(done.stderr)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stdout.splitlines()
        self.assertEqual(lines[-1], "leftovers 0")
        results = []
        for i, line in enumerate(lines[:-1]):
            outcome, size, text = line.split(" ", 2)
            results.append((int(outcome), int(size), text, os.path.join(self.folder, str(i))))
        self.assertEqual(len(results), len(zips))
        return results

    def refuse(self, data, outcome=BAD, text="", **more):
        result = self.run_zips(data, **more)[0]
        self.assertEqual(result[0], outcome, result)
        self.assertIn(text, result[2])

    def accept(self, data, **more):
        result = self.run_zips(data, **more)[0]
        self.assertEqual(result[0], OK, result)
        return result[3]

    def test_honest_zip(self):
        folder = self.accept(make([
            ("lambda_function.py", "x = 1\n", None),
            ("pkg/", "", (stat.S_IFDIR | 0o700)),
            ("pkg/mod.py", "y = 2\n", stat.S_IFREG | 0o600),
            ("bootstrap", "#!/bin/sh\n", stat.S_IFREG | 0o6777),
            ("deep/er/still.txt", "z", stat.S_IFREG | 0o444),
            ("grüße/ü.txt", "utf-8", None),
            link("pkg/link.py", "../lambda_function.py"),
        ]))
        with open(f"{folder}/lambda_function.py") as f:
            self.assertEqual(f.read(), "x = 1\n")
        with open(f"{folder}/grüße/ü.txt") as f:
            self.assertEqual(f.read(), "utf-8")
        modes = {name: stat.S_IMODE(os.lstat(f"{folder}/{name}").st_mode) for name in
                 (".", "pkg", "pkg/mod.py", "bootstrap", "deep/er/still.txt", "lambda_function.py")}
        self.assertEqual(modes, {".": 0o755, "pkg": 0o755, "pkg/mod.py": 0o644, "bootstrap": 0o755,
                                 "deep/er/still.txt": 0o644, "lambda_function.py": 0o644})
        self.assertEqual(os.readlink(f"{folder}/pkg/link.py"), "../lambda_function.py")
        self.assertEqual(int(os.stat(f"{folder}/bootstrap").st_mtime) % 60, 6)

    def test_bytes_are_counted(self):
        result = self.run_zips(make([("a", "x" * 1000, None), ("b", "y" * 24, None)]))[0]
        self.assertEqual(result[:2], (OK, 1024))

    def test_later_entry_replaces(self):
        import warnings
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            folder = self.accept(make([("a", "first", None), ("a", "second", None)]))
        with open(f"{folder}/a") as f:
            self.assertEqual(f.read(), "second")

    def test_stored_entries(self):
        folder = self.accept(make([("a", "stored", None)], zipfile.ZIP_STORED))
        with open(f"{folder}/a") as f:
            self.assertEqual(f.read(), "stored")

    def test_not_a_zip(self):
        for data in (b"", b"no zip at all", b"PK\3\4" + bytes(100), os.urandom(5000),
                     b"\x1f\x8b\x08" + bytes(50)):
            self.refuse(data)

    def test_empty_zip(self):
        self.refuse(make([]), EMPTY)

    def test_names_that_leave(self):
        for name in ("../evil", "a/../../evil", "/tmp/evil", "a/..", ".."):
            self.refuse(make([("ok", "x", None), (name, "x", None)]))
        self.assertFalse(os.path.exists("/tmp/evil"))

    def test_long_names(self):
        self.refuse(make([("x" * 300, "", None)]), text="too long")
        self.refuse(make([("d/" * 600 + "x", "", None)]), text="too long")

    def test_links_that_leave(self):
        for target in ("/etc/passwd", "../x", "a/../../x", ""):
            self.refuse(make([link("l", target)]))

    def test_writing_through_a_link(self):
        self.refuse(make([("d/", "", stat.S_IFDIR | 0o755), link("l", "d"), ("l/evil", "x", None)]),
                    text="file and a folder")
        self.refuse(make([link("l", "l2"), link("l2", "l"), ("l/x", "y", None)]))
        folder = self.accept(make([("t", "target", None), link("l", "t"), ("l", "new", None)]))
        with open(f"{folder}/t") as f:
            self.assertEqual(f.read(), "target")

    def test_file_and_folder(self):
        self.refuse(make([("a", "x", None), ("a/b", "y", None)]), text="file and a folder")
        self.refuse(make([("a/b", "y", None), ("a", "x", None)]), text="file and a folder")

    def test_special_files(self):
        # libarchive reads some of them as ordinary files; then that is what is made.
        for kind in (stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK):
            outcome, _, _, folder = self.run_zips(make([("s", "", kind | 0o666)]))[0]
            self.assertIn(outcome, (OK, BAD))
            if outcome == OK:
                self.assertTrue(stat.S_ISREG(os.lstat(f"{folder}/s").st_mode))

    def test_too_large(self):
        self.refuse(make([("a", b"\0" * (BYTES_MAX + 1), None)]), TOO_LARGE)
        self.refuse(make([(f"f{i}", b"\0" * (1 << 20), None) for i in range(5)]), TOO_LARGE)
        self.accept(make([("a", b"\0" * BYTES_MAX, None)]))

    def test_bomb(self):
        # Forty entries of the central directory that all mean the same compressed megabytes.
        one = make([("a", b"\0" * (3 << 20), None)])
        start = central_offset(one)
        end = one.rfind(b"PK\5\6")
        record = one[start:end]
        body = one[:start] + record * 40
        tail = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 40, 40, len(record) * 40, start, 0)
        outcome, size, _, _ = self.run_zips(body + tail)[0]
        self.assertIn(outcome, (OK, TOO_LARGE))
        self.assertLessEqual(size, BYTES_MAX)

    def test_too_many(self):
        entries = [(f"d{i % 100}/f{i}", "", None) for i in range(100000)]
        self.refuse(make(entries, zipfile.ZIP_STORED), TOO_MANY)

    def test_more_entries_than_announced(self):
        data = make([(f"f{i}", "", None) for i in range(100)], zipfile.ZIP_STORED)
        end = data.rfind(b"PK\5\6")
        self.refuse(patch(data, end + 10, b"\0\0"), EMPTY)

    def test_lying_size(self):
        data = make([("a", "x" * 5000, None)])
        at = central_offset(data)
        self.refuse(patch(patch(data, at + 24, struct.pack("<I", 10)), 22, struct.pack("<I", 10)))

    def test_damaged(self):
        data = make([("a", os.urandom(5000), None)], zipfile.ZIP_STORED)
        self.refuse(patch(data, 1000, b"\0\1\2\3"), text="damaged")
        self.refuse(data[: len(data) // 2])

    def test_encrypted(self):
        data = make([("a", "secret", None)])
        at = central_offset(data)
        self.refuse(patch(patch(data, at + 8, b"\1\0"), 6, b"\1\0"))

    def test_nul_in_name(self):
        data = make([("aXb", "x", None)])
        folder = self.accept(data.replace(b"aXb", b"a\0b"))
        self.assertEqual(os.listdir(folder), ["a"])

    def test_backslashes_do_not_leave(self):
        for name in ("..\\..\\evil", "a\\..\\..\\evil"):
            data = make([("X" * len(name), "x", None)]).replace(b"X" * len(name), name.encode())
            outcome, _, _, folder = self.run_zips(data)[0]
            self.assertIn(outcome, (OK, BAD))
            self.assertFalse(os.path.exists(os.path.join(self.folder, "evil")))

    def test_many_at_once(self):
        results = self.run_zips(*[make([("a", f"{i}", None)]) for i in range(20)])
        self.assertEqual([r[0] for r in results], [OK] * 20)


if __name__ == "__main__":
    RUN = sys.argv.pop(1)
    unittest.main(verbosity=1)
