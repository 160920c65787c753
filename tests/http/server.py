#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""server.py: an HTTP server for tests, which misbehaves as the path says

Serves the files of a directory, with ETag, Last-Modified, Range and If-Range. Words before the file's name change the
answer, and may be combined: /slow/1000/chunked/FILE.

  /slow/RATE/FILE       RATE bytes a second
  /delay/SECONDS/FILE   answers after so long
  /stall/N/FILE         never sends what is past the first N bytes, and keeps the connection open
  /cut/N/FILE           closes after N bytes, unless the request has a Range: a download can be resumed
  /cutalways/N/FILE     never sends what is past the first N bytes, and closes
  /norange/FILE         knows no Range: answers with all of it
  /badrange/FILE        answers to any Range with 416
  /changed/FILE         has another ETag and time at each request
  /noetag/FILE          has neither ETag nor time
  /chunked/FILE         no Content-Length; chunks
  /untilclose/FILE      no Content-Length; the end of the connection ends it
  /redirect/N/FILE      N redirects, then the file
  /loop                 redirects to itself
  /to/SCHEME/FILE       redirects to SCHEME://HOST:PORT/FILE, for file to file:///FILE; PORT is that of --other
  /status/CODE          this status, with a line of text
  /auth/BASE64/FILE     401 without this user:password
  /unready/N/FILE       503 to the first N requests of this path
  /huge                 announces 10 TiB, and sends zeros: at most 1 GiB, as /endless does
  /endless              zeros without end, in chunks; with /loop, beside the redirect
  /garbage              no HTTP

--log has two lines for each request, when it comes and when its answer is over; "-" is no Range:

  GET /slow/1000/FILE bytes=100-
  206 /slow/1000/FILE 4096          the status and how many bytes of the body were sent
"""
import argparse
import email.utils
import http.server
import itertools
import os
import re
import ssl
import sys
import threading
import time
import urllib.parse

PIECE = 1 << 16
HUGE = 10 << 40
MOST = 1 << 30  # of /huge and /endless: a client that does not stop shall not fill the disk
# how many words of the path each of these takes
WORDS = {"slow": 1, "delay": 1, "stall": 1, "cut": 1, "cutalways": 1, "norange": 0, "badrange": 0, "changed": 0,
         "noetag": 0, "chunked": 0, "untilclose": 0, "redirect": 1, "loop": 0, "to": 1, "status": 1, "auth": 1, "unready": 1,
         "huge": 0, "endless": 0, "garbage": 0}
serial = itertools.count(1)
seen, seen_lock = {}, threading.Lock()


def parse(path):
    """The words of a path that change the answer, and the rest: the file."""
    parts = [urllib.parse.unquote(part) for part in path.split("?")[0].strip("/").split("/")]
    how = {}
    while parts and parts[0] in WORDS:
        word = parts.pop(0)
        how[word] = parts.pop(0) if WORDS[word] and parts else ""
    return how, "/".join(parts)


class Zeros:
    """A file of zeros."""

    def __init__(self, size):
        self.size = size
        self.at = 0

    def seek(self, offset):
        self.at = offset

    def read(self, count):
        count = min(count, self.size - self.at)
        self.at += count
        return bytes(count)

    def close(self):
        pass


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def note(self, *words):
        if self.server.log:
            self.server.log.write(" ".join(map(str, words)) + "\n")

    def do_GET(self):
        how, name = parse(self.path)
        self.status, self.sent = 0, 0
        self.note(self.command, self.path, self.headers.get("Range", "-"))
        try:
            time.sleep(float(how.get("delay") or 0))
            self.answer(how, name)
        except (OSError, ssl.SSLError):  # the client went away
            self.close_connection = True
        self.note(self.status, self.path, self.sent)

    do_HEAD = do_GET

    def head(self, status, **headers):
        self.status = status
        self.send_response(status)
        for key, value in headers.items():
            if value is not None:
                self.send_header(key.replace("_", "-"), value)
        self.end_headers()

    def say(self, status, **headers):
        """A short answer."""
        body = f"{status}\n".encode()
        self.head(status, Content_Length=len(body), Content_Type="text/plain", **headers)
        if self.command != "HEAD":
            self.wfile.write(body)
            self.sent = len(body)

    def answer(self, how, name):
        if "garbage" in how:
            self.wfile.write(b"220 this is no HTTP\r\n")
            self.close_connection = True
        elif "loop" in how and "endless" in how:
            self.head(302, Location=self.path, Transfer_Encoding="chunked")
            self.send_body(Zeros(MOST), MOST, 0, True)
            self.close_connection = True
        elif "loop" in how:
            self.say(302, Location=self.path)
        elif int(how.get("redirect") or 0) > 0:
            left = int(how["redirect"])
            self.say(302, Location=self.path.replace(f"/redirect/{left}", f"/redirect/{left - 1}", 1))
        elif "to" in how:
            self.say(302, Location=self.elsewhere(how["to"], name))
        elif "status" in how:
            self.say(int(how["status"]))
        elif "auth" in how and self.headers.get("Authorization") != f"Basic {how['auth']}":
            self.say(401)
        elif "unready" in how and self.times() <= int(how["unready"]):
            self.say(503)
        else:
            self.serve(how, name)

    def elsewhere(self, scheme, name):
        return f"file:///{name}" if scheme == "file" else f"{scheme}://{self.server.host}:{self.server.other}/{name}"

    def times(self):
        """How often this path was asked for, now included."""
        with seen_lock:
            seen[self.path] = seen.get(self.path, 0) + 1
            return seen[self.path]

    def open(self, how, name):
        """The file, its size, ETag and time; None where there is none."""
        if "huge" in how or "endless" in how:
            return Zeros(HUGE if "huge" in how else MOST), HUGE, '"zeros"', 0
        path = os.path.realpath(os.path.join(self.server.directory, name))
        if not path.startswith(self.server.directory + os.sep) or not os.path.isfile(path):
            return None
        # pylint: disable=consider-using-with
        file = open(path, "rb")
        status = os.fstat(file.fileno())
        return file, status.st_size, f'"{status.st_size:x}-{status.st_mtime_ns:x}"', status.st_mtime

    def serve(self, how, name):
        found = self.open(how, name)
        if not found:
            self.say(404)
            return
        file, size, tag, stamp = found
        if "changed" in how:
            number = next(serial)
            tag, stamp = f'"{number}"', stamp + number
        wanted = None if "norange" in how else self.wanted(size, tag, stamp)
        if wanted and "badrange" in how or wanted == (0, 0):
            self.say(416, Content_Range=f"bytes */{size}")
        else:
            self.send(how, file, size, wanted, {} if "noetag" in how else
                      {"ETag": tag, "Last_Modified": email.utils.formatdate(stamp, usegmt=True)})
        file.close()

    def wanted(self, size, tag, stamp):
        """What a Range asks for, as (first, end); None: everything; (0, 0): what there is not."""
        match = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        only_if = self.headers.get("If-Range")
        if not match or match.group() == "bytes=-" or \
                only_if and only_if not in (tag, email.utils.formatdate(stamp, usegmt=True)):
            return None
        if not match[1]:
            return max(0, size - int(match[2])), size
        first, end = int(match[1]), min(size, int(match[2]) + 1 if match[2] else size)
        return (first, end) if first < end else (0, 0)

    def send(self, how, file, size, wanted, headers):
        first, end = wanted or (0, size)
        chunked, closing = bool({"chunked", "endless"} & set(how)), "untilclose" in how
        self.head(206 if wanted else 200, **headers,
                  Content_Type="application/octet-stream",
                  Accept_Ranges=None if "norange" in how else "bytes",
                  Content_Range=f"bytes {first}-{end - 1}/{size}" if wanted else None,
                  Content_Length=None if chunked or closing else end - first,
                  Transfer_Encoding="chunked" if chunked else None,
                  Connection="close" if closing else None)
        if self.command == "HEAD":
            return
        last = self.last_byte(how, first, end)
        file.seek(first)
        self.send_body(file, last - first, float(how.get("slow") or 0), chunked)
        if last == end:
            if chunked:
                self.wfile.write(b"0\r\n\r\n")
            return
        self.close_connection = True
        if "stall" in how:
            self.connection.settimeout(None)
            self.connection.recv(1)  # until the client goes away

    def last_byte(self, how, first, end):
        """Where the body really ends."""
        for word in ("stall", "cutalways"):
            if word in how:
                end = max(first, min(end, int(how[word])))
        if "cut" in how and "Range" not in self.headers:
            end = min(end, int(how["cut"]))
        return min(end, MOST) if {"huge", "endless"} & set(how) else end

    def send_body(self, file, count, rate, chunked):
        piece = max(1, min(PIECE, int(rate / 20))) if rate else PIECE
        begin = time.monotonic()
        while self.sent < count:
            data = file.read(min(piece, count - self.sent))
            if not data:
                break
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data) if chunked else data)
            self.sent += len(data)
            if rate:
                time.sleep(max(0, begin + self.sent / rate - time.monotonic()))


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512
    tls = None

    def finish_request(self, request, client_address):
        """In the thread of the connection: a client that is slow to shake hands holds up no other."""
        if self.tls:
            request = self.tls.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):  # such as a client that does not trust the certificate
            super().handle_error(request, client_address)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory")
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="without it, one that is free")
    parser.add_argument("--port-file", metavar="FILE", help="where the port is written, when requests may come")
    parser.add_argument("--log", metavar="FILE", help="where requests are appended")
    parser.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    parser.add_argument("--other", type=int, metavar="PORT", help="of /to; without it, the own")
    options = parser.parse_args()
    server = Server((options.address, options.port), Handler)
    server.directory = os.path.realpath(options.directory)
    server.host, port = server.server_address[:2]
    server.other = options.other or port
    # pylint: disable=consider-using-with
    server.log = open(options.log, "a", encoding="utf-8", buffering=1) if options.log else None
    if options.tls:
        server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.tls.load_cert_chain(*options.tls)
    if options.port_file:
        with open(options.port_file + ".new", "w", encoding="utf-8") as file:
            file.write(f"{port}\n")
        os.rename(options.port_file + ".new", options.port_file)
    else:
        print(port, flush=True)
    server.serve_forever()


main()
