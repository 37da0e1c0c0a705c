"""A web server for the built site that compresses as real hosts do, and counts what it sends."""

import functools
import gzip
import http.server
import threading
from pathlib import Path

COMPRESSED = ("text/", "application/json", "application/xml", "image/svg")


@functools.cache
def on_the_wire(path, kind):
    """The bytes of a file as they travel: text gzipped, what is compressed already as it is."""
    content = Path(path).read_bytes()
    return gzip.compress(content, mtime=0) if kind.startswith(COMPRESSED) else content


class Server(http.server.ThreadingHTTPServer):
    """Serves a folder on a free port of this machine; a context that ends with the server.

    Attributes:
        origin: the address of the folder.
        sent: `(path, bytes of the body)` of every answer so far.
    """

    daemon_threads = True

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), functools.partial(_Handler, directory=str(folder)))
        self.origin = f"http://127.0.0.1:{self.server_port}/"
        self.sent = []

    def handle_error(self, request, client_address):
        """Says nothing either: browsers drop connections as they please."""

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error):
        self.shutdown()
        self.server_close()


class _Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # many files through one connection

    def do_GET(self):
        path, found = Path(self.translate_path(self.path)), True
        if path.is_dir():
            path /= "index.html"
        if not path.is_file():
            path, found = Path(self.directory) / "404.html", False
        kind = self.guess_type(str(path))
        body = on_the_wire(str(path), kind)
        self.server.sent.append((path.relative_to(self.directory).as_posix(), len(body)))
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", kind)
        if kind.startswith(COMPRESSED):
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Says nothing."""
