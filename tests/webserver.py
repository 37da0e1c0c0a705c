"""A web server for the built site that compresses as real hosts do."""

import contextlib
import functools
import gzip
import http.server
import mimetypes
import threading
from pathlib import Path
from types import SimpleNamespace

COMPRESSED = ("text/", "application/json", "application/xml", "image/svg")


@functools.cache
def on_the_wire(path):
    """A file as it travels, `(type, bytes)`: text gzipped, what is compressed already as it is."""
    kind, content = mimetypes.guess_type(path)[0] or "", path.read_bytes()
    return kind, gzip.compress(content, mtime=0) if kind.startswith(COMPRESSED) else content


@contextlib.contextmanager
def serving(folder, *, kept=False):
    """The folder behind a free port of this machine, as long as the context lasts.

    It gives `origin`, the address of the folder. Of what is `kept`, a browser asks for each file
    below `assets/` once.
    """

    class Handler(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # many files through one connection

        def do_GET(self):
            path, status = Path(self.translate_path(self.path)), 200
            if path.is_dir():
                path /= "index.html"
            if not path.is_file():
                path, status = folder / "404.html", 404
            kind, body = on_the_wire(path)
            self.send_response(status)
            self.send_header("Content-Type", kind or "application/octet-stream")
            if kind.startswith(COMPRESSED):
                self.send_header("Content-Encoding", "gzip")
            if kept and self.path.startswith("/assets/"):
                self.send_header("Cache-Control", "max-age=3600")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            """Says nothing."""

    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.handle_error = lambda *_: None  # browsers drop connections as they please
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield SimpleNamespace(origin=f"http://127.0.0.1:{server.server_port}/")
        server.shutdown()
