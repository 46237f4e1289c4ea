import functools
import http.server
import threading

import pytest


@pytest.fixture
def http_server():
    """Serve a folder on this machine: `serve(folder)` returns its address and the requests seen."""
    servers = []

    def serve(folder):
        requests = []

        class Handler(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *arguments):
                requests.append(self.path)

        server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(Handler, directory=folder)
        )
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/", requests

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()
