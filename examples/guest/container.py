# SPDX-License-Identifier: LGPL-2.1-or-later
"""Container images as they lie in archives: their configuration, and their layers laid over each other as one tree.

An archive is what `docker save` writes, or an image layout of OCI's (image-spec 1.1), as a directory or a tar archive, compressed or
not. All of it is verified: each blob by the digest that it is named by, each layer, unpacked, by the diff_id of the configuration.
Nothing is taken from a registry, and nothing of an image is put into a file system here.
"""
import hashlib
import json
import os
import re
import stat
import subprocess
import tarfile
import tempfile

CHUNK = 1 << 20
MOST_JSON = 8 << 20
MOST_LINKS = 40
WHITEOUT, OPAQUE = ".wh.", ".wh..wh..opq"
UNPACKERS = {b"\x1f\x8b": "gzip", b"\x28\xb5": "zstd"}  # by the first two bytes


class Damaged(Exception):
    """What is wrong with an image, for its user."""


class Archive:
    def __init__(self, path):
        self.directory = path if os.path.isdir(path) else None
        if self.directory is None:
            try:
                self.tar = tarfile.open(path)
                self.members = {os.path.normpath(member.name): member for member in self.tar}
            except (OSError, EOFError, tarfile.TarError) as error:
                raise Damaged(f"it is neither a directory nor a tar archive that can be read: {error}") from error

    def has(self, name):
        return os.path.isfile(os.path.join(self.directory, name)) if self.directory else name in self.members

    def open(self, name):
        name = os.path.normpath(name)
        if name.startswith(("/", "..")) or not self.has(name):
            raise Damaged(f"{name} is not in it")
        if self.directory:
            return open(os.path.join(self.directory, name), "rb")
        file = self.tar.extractfile(self.members[name])
        if file is None:
            raise Damaged(f"{name} is no file")
        return file

    def read_json(self, name, digest=None):
        with self.open(name) as file:
            data = file.read(MOST_JSON)
        if digest:
            compare(name, hashlib.sha256(data).hexdigest(), digest)
        try:
            return json.loads(data)
        except ValueError as error:
            raise Damaged(f"{name} is not JSON: {error}") from error


def compare(name, found, digest):
    if digest != f"sha256:{found}":
        raise Damaged(f"{name} has the digest sha256:{found}, not {digest}: it was changed, or is not whole")


def blob_name(digest):
    if not re.fullmatch("sha256:[0-9a-f]{64}", digest):
        raise Damaged(f"its digest is not one of SHA-256: {digest}")
    return "blobs/" + digest.replace(":", "/")


class Image:
    """names: what it is called; config: the configuration; layers: (name in the archive, digest or None), lowest first."""

    def __init__(self, archive, names, config_name, config_digest, layers):
        self.archive, self.names, self.layers = archive, names, layers
        self.config = archive.read_json(config_name, config_digest)
        self.diff_ids = self.config.get("rootfs", {}).get("diff_ids", [])
        if len(self.diff_ids) != len(layers):
            raise Damaged(f"it has {len(layers)} layers, and its configuration names {len(self.diff_ids)}")


def images_of_layout(archive, descriptors, names):
    """The images for Linux on x86_64 that an index of OCI's leads to."""
    for descriptor in descriptors:
        notes, platform = descriptor.get("annotations", {}), descriptor.get("platform", {})
        own = [notes[key] for key in ("io.containerd.image.name", "org.opencontainers.image.ref.name") if key in notes] or names
        if platform.get("os", "linux") != "linux" or platform.get("architecture", "amd64") != "amd64":
            continue
        content = archive.read_json(blob_name(descriptor["digest"]), descriptor["digest"])
        if "manifests" in content:
            yield from images_of_layout(archive, content["manifests"], own)
        else:
            layers = [(blob_name(layer["digest"]), layer["digest"]) for layer in content["layers"]]
            digest = content["config"]["digest"]
            yield Image(archive, own, blob_name(digest), digest, layers)


def images_of_docker(archive):
    for entry in archive.read_json("manifest.json"):
        name = entry["Config"]
        digest = re.search(r"(?:^|/)([0-9a-f]{64})(?:\.json)?$", name)
        if not digest:
            raise Damaged(f"the configuration {name} is not named by its digest")
        yield Image(archive, entry.get("RepoTags") or [], name, f"sha256:{digest.group(1)}", [(layer, None) for layer in entry["Layers"]])


def read_image(path, name=None):
    """The only image in the archive @path, or the one that is called @name."""
    archive = Archive(path)
    try:
        if archive.has("index.json"):
            images = list(images_of_layout(archive, archive.read_json("index.json")["manifests"], []))
        elif archive.has("manifest.json"):
            images = list(images_of_docker(archive))
        else:
            raise Damaged("it is no container image: it has neither an index.json, as OCI's, nor a manifest.json, as Docker's")
    except (KeyError, TypeError, AttributeError) as error:
        raise Damaged(f"its manifest is not as the specification has it: {error!r}") from error
    chosen = [image for image in images if name is None or name in image.names]
    if len(chosen) != 1:
        has = ", ".join(" or ".join(image.names) or "one without a name" for image in images) or "none for Linux on x86_64"
        raise Damaged(f"it has {len(chosen)} images {'called ' + name if name else 'to choose from'}: name one with -n; there are: {has}")
    return chosen[0]


def unpack(archive, name, digest, diff_id):
    """The layer as an open tar archive in a temporary file."""
    whole, out = hashlib.sha256(), tempfile.TemporaryFile()
    with archive.open(name) as blob:
        head = blob.read(CHUNK)
        program = UNPACKERS.get(head[:2])
        with subprocess.Popen([program, "-dc"] if program else ["cat"], stdin=subprocess.PIPE, stdout=out, stderr=subprocess.DEVNULL) as process:
            try:
                while head:
                    whole.update(head)
                    process.stdin.write(head)
                    head = blob.read(CHUNK)
            except BrokenPipeError:
                pass
            try:
                process.stdin.close()
            except BrokenPipeError:
                pass
    if digest:
        compare(name, whole.hexdigest(), digest)
    if process.returncode != 0:
        raise Damaged(f"{name} cannot be unpacked by {program}")
    out.seek(0)
    content = hashlib.sha256()
    for chunk in iter(lambda: out.read(CHUNK), b""):
        content.update(chunk)
    compare(f"{name}, unpacked,", content.hexdigest(), diff_id)
    out.seek(0)
    return tarfile.open(fileobj=out, mode="r:")


class Node:
    """A file: its member of a layer, of which it is read; what was not in one is a directory. A hard link is the same node again."""

    def __init__(self, info=None, tar=None):
        self.info, self.tar = info, tar
        self.children = {} if info is None or info.isdir() else None

    @property
    def mode(self):
        if self.info is None:
            return stat.S_IFDIR | 0o755
        kinds = {tarfile.DIRTYPE: stat.S_IFDIR, tarfile.SYMTYPE: stat.S_IFLNK, tarfile.CHRTYPE: stat.S_IFCHR,
                 tarfile.BLKTYPE: stat.S_IFBLK, tarfile.FIFOTYPE: stat.S_IFIFO}
        return kinds.get(self.info.type, stat.S_IFREG) | (self.info.mode & 0o7777)

    def owner(self):
        return (self.info.uid, self.info.gid) if self.info else (0, 0)

    def walk(self, path=""):
        """Every (path, node) below, parents first, in an order of its own."""
        for name, node in sorted(self.children.items()):
            yield path + name, node
            if node.children is not None:
                yield from node.walk(f"{path}{name}/")


def find(root, path, make=False):
    """The node that @path leads to, its links followed within @root; None: there is none, and no directory is to be made of it."""
    above, parts, links = [root], path.split("/")[::-1], 0
    while parts:
        part = parts.pop()
        if part in ("", "."):
            continue
        if part == "..":
            above = above[:-1] or above
            continue
        child = above[-1].children.get(part) if above[-1].children is not None else None
        if child is None:
            if not make or above[-1].children is None:
                return None
            child = above[-1].children[part] = Node()
        if child.info is not None and child.info.issym():
            links += 1
            if links > MOST_LINKS:
                raise Damaged(f"{path}: too many symbolic links")
            target = child.info.linkname
            above = [root] if target.startswith("/") else above
            parts += target.split("/")[::-1]
        else:
            above.append(child)
    return above[-1]


def split(info):
    directory, name = os.path.split(os.path.normpath("/" + info.name))
    return directory, name


def hide(root, tar):
    """What the layer says is no longer there of those below."""
    for info in tar:
        directory, name = split(info)
        parent = find(root, directory) if name.startswith(WHITEOUT) else None
        if parent is None or parent.children is None:
            continue
        if name == OPAQUE:
            parent.children.clear()
        else:
            parent.children.pop(name[len(WHITEOUT):], None)


def put(root, tar, info):
    directory, name = split(info)
    if not name or name.startswith(WHITEOUT):
        return
    parent = find(root, directory, make=True)
    if parent is None or parent.children is None:
        raise Damaged(f"{info.name}: {directory} is no directory")
    node = Node(info, tar)
    before = parent.children.get(name)
    if info.islnk():
        node = find(root, os.path.dirname(os.path.normpath("/" + info.linkname)))
        node = node.children.get(os.path.basename(info.linkname)) if node and node.children is not None else None
        if node is None or node.children is not None:
            raise Damaged(f"{info.name}: {info.linkname}, which it is a link to, is no file of it")
    elif node.children is not None and before is not None and before.children is not None:
        node.children = before.children
    parent.children[name] = node


def lay(image):
    """The root directory of @image."""
    root = Node()
    for (name, digest), diff_id in zip(image.layers, image.diff_ids):
        tar = unpack(image.archive, name, digest, diff_id)
        try:
            hide(root, tar)
            for info in tar:
                put(root, tar, info)
        except tarfile.TarError as error:
            raise Damaged(f"{name} is no tar archive that can be read: {error}") from error
    return root
