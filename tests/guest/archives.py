#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""archives.py DIRECTORY BUSYBOX: makes container images there, good ones and damaged ones, of one program, busybox.

The image has two layers, of which the second changes the first; it says who it is, where, and what it sees.
"""
import copy
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile

GREET = b"""#!/bin/sh
echo "$GREETING from $(busybox id -u):$(busybox id -g) in $PWD with $*"
echo "changed: $(busybox cat /changed)"
busybox stat -c '%n %u:%g %a %h' /usr/bin/greet /home/ada '/a "b" c'
[ -e /gone ] || [ -e /old ] || [ -e /opaque/before ] || echo 'nothing is there that was taken away'
"""


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def layer(*entries):
    """A tar archive of (name, type, content or link, {member of TarInfo: value})."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, kind, content, more in entries:
            info = tarfile.TarInfo(name)
            info.type, info.mode = kind, 0o755 if kind == tarfile.DIRTYPE else 0o644
            info.size = len(content) if kind == tarfile.REGTYPE else 0
            info.linkname = content if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
            for key, value in more.items():
                setattr(info, key, value)
            tar.addfile(info, io.BytesIO(content) if info.size else None)
    return out.getvalue()


def file(name, content=b"", **more):
    return name, tarfile.REGTYPE, content, more


def directory(name, **more):
    return name, tarfile.DIRTYPE, None, more


def link(name, to):
    return name, tarfile.SYMTYPE, to, {}


def hard_link(name, to):
    return name, tarfile.LNKTYPE, to, {}


def make_layers(busybox):
    lower = layer(
        link("bin", "usr/bin"), directory("usr"), directory("usr/bin"), file("usr/bin/busybox", busybox, mode=0o755),
        link("bin/sh", "/usr/bin/busybox"), directory("./etc/"),
        file("./etc/passwd", b"root:x:0:0::/root:/bin/sh\nada:x:1000:1001::/home/ada:/bin/sh\n"),
        file("changed", b"no"), file("gone"), directory("old"), file("old/deep"), directory("opaque"), file("opaque/before"),
        directory("stays", mode=0o700), file("stays/a"), link("dir", "usr"))
    upper = layer(
        file("bin/greet", GREET, mode=0o4755), hard_link("usr/bin/twin", "bin/greet"), file("changed", b"yes"),
        file(".wh.gone"), file(".wh.old"), file("opaque/after"), file("opaque/.wh..wh..opq"),
        directory("home/ada", uid=1000, gid=1001), directory("stays"), file('a "b" c', uid=65534, gid=65534, mode=0), directory("dir"),
        file("dir/inside"), ("pipe", tarfile.FIFOTYPE, None, {}))
    return lower, upper


class Layout:
    """An image layout: files by name."""

    def __init__(self):
        self.files = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}'}
        self.manifests = []

    def add_blob(self, data, **more):
        self.files["blobs/" + digest(data).replace(":", "/")] = data
        return dict(digest=digest(data), size=len(data), **more)

    def add_image(self, config, layers, **more):
        manifest = {"schemaVersion": 2, "config": self.add_blob(json.dumps(config).encode()),
                    "layers": [self.add_blob(data) for data in layers]}
        self.manifests.append(self.add_blob(json.dumps(manifest).encode(), **more))
        return manifest

    def finished(self):
        return dict(self.files, **{"index.json": json.dumps({"schemaVersion": 2, "manifests": self.manifests}).encode()})


def configuration(layers, **config):
    return {"os": "linux", "architecture": "amd64", "config": config,
            "rootfs": {"type": "layers", "diff_ids": [digest(data) for data in layers]}}


def named(name):
    return {"annotations": {"org.opencontainers.image.ref.name": name}}


def packed(program, data):
    return subprocess.run([program, "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout


def write_tar(path, files, mode="w"):
    with tarfile.open(path, mode) as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def write_directory(path, files):
    for name, data in files.items():
        os.makedirs(os.path.dirname(f"{path}/{name}"), exist_ok=True)
        with open(f"{path}/{name}", "wb") as out:
            out.write(data)


def write_good(top, config, layers):
    plain, zipped = Layout(), Layout()
    plain.add_image(config, layers, **named("greet:1"))
    write_tar(f"{top}/oci.tar", plain.finished())
    write_directory(f"{top}/oci", plain.finished())
    arm = dict(config, architecture="arm64")
    zipped.add_image(config, [packed("gzip", layers[0]), packed("zstd", layers[1])], platform={"os": "linux", "architecture": "amd64"})
    zipped.add_image(arm, layers, platform={"os": "linux", "architecture": "arm64"})
    index = zipped.add_blob(json.dumps({"manifests": zipped.manifests}).encode(), **named("greet:2"))
    zipped.manifests = [index]
    write_tar(f"{top}/packed.tar.gz", zipped.finished(), "w:gz")
    data = json.dumps(config).encode()
    name = digest(data)[len("sha256:"):] + ".json"
    docker = {name: data, "a/layer.tar": layers[0], "b/layer.tar": layers[1], "manifest.json": json.dumps(
        [{"Config": name, "RepoTags": ["greet:1"], "Layers": ["a/layer.tar", "b/layer.tar"]}]).encode()}
    write_tar(f"{top}/docker.tar", docker)
    write_tar(f"{top}/bad-docker-layer.tar", dict(docker, **{"b/layer.tar": layers[1][:-1] + b"x"}))
    write_tar(f"{top}/bad-docker-config.tar", dict(docker, **{name: data + b" "}))


def write_bad(top, config, layers):
    good = Layout()
    manifest = good.add_image(config, layers)
    blobs = {"manifest": good.manifests[0]["digest"], "config": manifest["config"]["digest"], "layer": manifest["layers"][1]["digest"]}
    for what, of in blobs.items():
        files, name = good.finished(), "blobs/" + of.replace(":", "/")
        files[name] = files[name].replace(b"e", b"E", 1)
        write_tar(f"{top}/bad-{what}.tar", files)
    files = good.finished()
    del files["blobs/" + blobs["layer"].replace(":", "/")]
    write_tar(f"{top}/without-a-layer.tar", files)
    other, two, outside, few = copy.deepcopy(config), Layout(), Layout(), Layout()
    other["rootfs"]["diff_ids"].reverse()
    for path, image in (("bad-diff-id", other), ("arm", dict(config, architecture="arm64"))):
        layout = Layout()
        layout.add_image(image, layers, **({"platform": {"os": "linux", "architecture": "arm64"}} if path == "arm" else {}))
        write_tar(f"{top}/{path}.tar", layout.finished())
    two.add_image(config, layers, **named("one"))
    two.add_image(config, layers, **named("other"))
    write_tar(f"{top}/two.tar", two.finished())
    loop = [layer(link("a", "b"), link("b", "a"), file("a/c"))]
    outside.add_image(configuration(loop), loop)
    write_tar(f"{top}/loop.tar", outside.finished())
    few.add_image(config, layers[:1])
    write_tar(f"{top}/few-layers.tar", few.finished())
    write_tar(f"{top}/no-image.tar", {"hello": b"world"})
    climbing = [layer(directory("etc"), link("up", "../../.."), file("up/etc/escaped", b"x"), file("../../etc/climbed", b"x"))]
    climb = Layout()
    climb.add_image(configuration(climbing), climbing)
    write_tar(f"{top}/climbing.tar", climb.finished())


def main():
    top, busybox = sys.argv[1:]
    with open(busybox, "rb") as program:
        layers = make_layers(program.read())
    config = configuration(layers, Entrypoint=["greet"], Cmd=["one two", "$three"], Env=["GREETING=good day", "EMPTY="],
                           WorkingDir="/home/ada", User="ada")
    write_good(top, config, layers)
    write_bad(top, config, layers)


main()
