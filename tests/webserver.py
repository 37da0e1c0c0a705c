"""A web server for the built site that compresses as real hosts do, and counts what it sends."""

import contextlib
import functools
import gzip
import http.server
import threading
from pathlib import Path
from types import SimpleNamespace

COMPRESSED = ("text/", "application/json", "application/xml", "image/svg")


@functools.cache
def on_the_wire(path, kind):
    """The bytes of a file as they travel: text gzipped, what is compressed already as it is."""
    content = path.read_bytes()
    return gzip.compress(content, mtime=0) if kind.startswith(COMPRESSED) else content


@contextlib.contextmanager
def serving(folder):
    """The folder behind a free port of this machine, as long as the context lasts.

    It gives `origin`, the address of the folder, and `sent`, `(path, bytes of the body)` of every
    answer so far.
    """
    sent = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # many files through one connection

        def do_GET(self):
            path, status = Path(self.translate_path(self.path)), 200
            if path.is_dir():
                path /= "index.html"
            if not path.is_file():
                path, status = folder / "404.html", 404
            kind = self.guess_type(path)
            body = on_the_wire(path, kind)
            sent.append((path.relative_to(folder).as_posix(), len(body)))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            if kind.startswith(COMPRESSED):
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            """Says nothing."""

    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.handle_error = lambda *_: None  # browsers drop connections as they please
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield SimpleNamespace(origin=f"http://127.0.0.1:{server.server_port}/", sent=sent)
        server.shutdown()
