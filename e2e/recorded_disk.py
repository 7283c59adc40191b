"""Replays the file calls of a program that ran under strace, as a disk sees them.

A write reaches the disk when a later fsync or fdatasync of the same file has returned. A new, renamed or removed name
reaches it when the folder was synced. Until then, each sector may hold what it held at any moment since the last sync.
A call that changes a file and is not known here is an error.

The server notes the modification time of its database in a file, see MARK. A disk has that time if it has what the database
was when the time was noted: SQLite syncs the database, its time included, before that.
"""

import hashlib
import os
import re
from pathlib import Path

# `?`: not every processor has all of them.
TRACED = (
    "execve,?open,openat,?openat2,?creat,lseek,write,writev,pwrite64,pwritev,?pwritev2,sendto,sendmsg,?truncate,ftruncate,"
    "fallocate,?copy_file_range,?sendfile,splice,fsync,fdatasync,sync_file_range,?rename,renameat,renameat2,?link,linkat,"
    "?symlink,symlinkat,?unlink,unlinkat,?mkdir,mkdirat,?rmdir"
)
# The suffix of the file that has size, seconds and nanoseconds of the database.
MARK = "-checkpoint"
LINE = re.compile(r"(\d+) +(?:(\w+)\((.*)|<\.\.\. (\w+) resumed>(.*))", re.S)
TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')
DESCRIPTOR = re.compile(r"(?:(\d+)|AT_FDCWD)<((?:\\x[0-9a-f]{2})*)>(\(deleted\))?")
RESULT = re.compile(r"\) += (-?\d+|\?)[^)]*(?:\([^)]*\))?$")


class Call:
    """One side of a system call: `began` is when the program made it, otherwise it has returned `result`."""

    def __init__(self, number, thread, name, arguments, began, result=None):
        self.number, self.thread, self.name, self.arguments = number, thread, name, arguments
        self.began, self.result = began, result

    def texts(self):
        for text, cut in TEXT.findall(self.arguments):
            if cut:
                raise ValueError(f"strace has cut the data of {self.name}")
            yield unhex(text)

    def numbers(self):
        """The arguments that are plain numbers."""
        return [int(number) for number in re.findall(r"(?<=, )\d+(?=[,)]|$)", re.sub(r'"[^"]*"', '""', self.arguments))]

    def descriptor(self):
        """The number of the file descriptor and the path behind it."""
        match = DESCRIPTOR.match(self.arguments)
        return match and (match[1], "" if match[3] else os.fsdecode(unhex(match[2])))


def unhex(text):
    return bytes.fromhex(text.replace("\\x", ""))


def calls(trace):
    """The calls in the order of the trace, each as it began and as it returned."""
    unfinished, number = {}, 0
    with open(trace, encoding="ascii") as lines:
        for line in lines:
            match = LINE.match(line.rstrip("\n"))
            if not match:
                continue  # A thread has ended.
            thread, name, arguments = match[1], match[2], match[3]
            if name:
                number += 1
                arguments, is_unfinished, _ = arguments.partition(" <unfinished ...>")
                yield Call(number, thread, name, arguments, True)
                if is_unfinished:
                    unfinished[thread] = arguments
                    continue
            else:
                name, arguments = match[4], unfinished.pop(thread, "") + match[5]
            result = RESULT.search(arguments)
            if result and result[1] not in ("?", "-1"):
                number += 1
                yield Call(number, thread, name, arguments[: result.start()] + ")", False, int(result[1]))


class File:
    def __init__(self):
        self.synced, self.unsynced = bytearray(), []  # Number of the call, offset, data; or number, length, None.

    def content(self):
        """What the program reads."""
        content = bytearray(self.synced)
        for _, offset, data in self.unsynced:
            apply(content, offset, data)
        return content

    def sync(self, before):
        while self.unsynced and self.unsynced[0][0] < before:
            apply(self.synced, *self.unsynced.pop(0)[1:])

    def surviving(self, rng, sector):
        """The content after a power cut; without a random source, that of the last sync."""
        content = bytearray(self.synced)
        if not rng or not self.unsynced:
            return content
        moments, last = {}, len(self.unsynced)  # A moment is how many of the calls a sector, or the length, has seen.

        def has_seen(what, index):
            return index < moments.setdefault(what, rng.choice((0, rng.randint(0, last), last)))

        for index, (_, offset, data) in enumerate(self.unsynced):
            if data is None:
                if has_seen("length", index):
                    apply(content, offset, None)
                continue
            for start in range(offset // sector * sector, offset + len(data), sector):
                if has_seen(start, index):
                    begin, end = max(start, offset), min(start + sector, offset + len(data))
                    apply(content, begin, data[begin - offset : end - offset])
        return content


def apply(content, offset, data):
    """Writes `data` at `offset`; without data, makes `offset` the length."""
    if data is None:
        del content[offset:]
    content.extend(bytes(max(0, offset - len(content))))
    if data is not None:
        content[offset : offset + len(data)] = data


class Disk:
    """The folder `root` as it was before the program ran, empty, and what the calls do to it."""

    def __init__(self, root, ignores=lambda sync: False):
        self.root, self.ignores = os.path.realpath(root), ignores
        self.names, self.synced_names, self.unsynced_names = {}, {}, []  # A name is of a `File`, or of "folder"
        self.positions, self.syncing, self.syncs = {}, {}, 0
        self.marked = {}  # The text of a mark, and the digest of the database when it was written.

    def path(self, path):
        """The path if it is below `root`. SQLite rebuilds -shm when it opens the database: it is left out."""
        path = os.path.normpath(os.path.join(self.root, os.fsdecode(path)))
        return path if path.startswith(self.root + "/") and not path.endswith("-shm") else None

    def set_name(self, call, path, what):
        self.unsynced_names.append((call.number, path, what))
        put(self.names, path, what)

    def take(self, call):
        """Applies a call; returns the path of the file or folder that it changes or syncs."""
        name = call.name
        if name in ("fsync", "fdatasync"):
            return self.sync(call)
        if call.began or name in ("execve", "sendto", "sendmsg"):
            return None
        if re.match(r"open|creat|rename|link|symlink|unlink|mkdir|rmdir|truncate", name):
            paths = [self.path(path) for path in call.texts()]
            return any(paths) and self.change_names(call, name, paths)
        descriptor, path = call.descriptor()
        path = self.path(path)
        if not path or path not in self.names:
            return None
        file = self.names[path]
        if name == "lseek":
            self.positions[descriptor] = call.result
        elif name in ("write", "pwrite64"):
            offset = call.numbers()[-1] if name == "pwrite64" else self.positions[descriptor]
            if name == "write":
                self.positions[descriptor] += call.result
            data = next(call.texts())[: call.result]
            file.unsynced.append((call.number, offset, data))
            if path.endswith(MARK) and data:
                self.marked[data] = hashlib.sha256(self.names[path.removesuffix(MARK)].content()).digest()
        elif name == "ftruncate":
            file.unsynced.append((call.number, call.numbers()[-1], None))
        else:
            raise NotImplementedError(f"{name} of {path}")
        return path

    def change_names(self, call, name, paths):
        if name in ("open", "openat"):
            if "O_CREAT" in call.arguments and paths[0] not in self.names:
                self.set_name(call, paths[0], File())
            elif "O_TRUNC" in call.arguments:
                self.names[paths[0]].unsynced.append((call.number, 0, None))
            self.positions[str(call.result)] = 0
            return None
        if name in ("mkdir", "mkdirat"):
            self.set_name(call, paths[0], "folder")
        elif name in ("unlink", "unlinkat", "rmdir"):
            self.set_name(call, paths[0], None)
        elif name in ("link", "linkat", "rename", "renameat", "renameat2") and all(paths):
            self.set_name(call, paths[1], self.names[paths[0]])
            if name.startswith("rename"):
                self.set_name(call, paths[0], None)
        else:
            raise NotImplementedError(f"{name}({call.arguments}")
        return paths[0]

    def sync(self, call):
        if call.began:
            self.syncing[call.thread] = call.number
            return None
        self.syncs += 1
        before, path = self.syncing.pop(call.thread), call.descriptor()[1]
        if self.ignores(self.syncs):
            return None
        if isinstance(self.names.get(path), File):
            self.names[path].sync(before)
        rest = []
        for number, name, what in self.unsynced_names:
            if number < before and os.path.dirname(name) == path:
                put(self.synced_names, name, what)
            else:
                rest.append((number, name, what))
        self.unsynced_names = rest
        return path

    def write_to(self, folder, rng=None, sector=512):
        """Makes the files in `folder` that a power cut leaves."""
        names = dict(self.synced_names)
        for _, path, what in self.unsynced_names[: rng.randint(0, len(self.unsynced_names))] if rng else ():
            put(names, path, what)
        for path, what in sorted(names.items()):
            target = Path(folder, os.path.relpath(path, self.root))
            if not target.parent.is_dir():
                continue  # Its folder's name is lost.
            if what == "folder":
                target.mkdir()
            else:
                target.write_bytes(what.surviving(rng, sector))
        for mark in Path(folder).rglob(f"*{MARK}"):
            database, text = Path(str(mark).removesuffix(MARK)), mark.read_bytes()
            if database.exists() and self.marked.get(text) == hashlib.sha256(database.read_bytes()).digest():
                _, seconds, nanoseconds = map(int, text.split())
                time = seconds * 10**9 + nanoseconds
                os.utime(database, ns=(time, time))

    def differences(self):
        """Paths that differ from the real files after all calls. There are none if the trace is complete."""
        real = {str(path) for path in Path(self.root).rglob("*") if self.path(path)}
        wrong = real ^ self.names.keys()
        for path, file in self.names.items():
            if isinstance(file, File) and path in real:
                if Path(path).read_bytes() != file.content():
                    wrong.add(path)
        return sorted(wrong)


def put(names, path, what):
    if what is None:
        names.pop(path, None)
    else:
        names[path] = what
