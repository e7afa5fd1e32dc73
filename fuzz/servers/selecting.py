"""An echo server with selectors, one thread and a buffer for each client, as people write them."""
import errno
import selectors
import socket
import sys
import time

LIMIT = 1 << 16


class Client:
    def __init__(self, selector, connection):
        self.selector, self.connection = selector, connection
        self.pending, self.ended = b"", False
        connection.setblocking(False)
        selector.register(connection, selectors.EVENT_READ, self)

    def close(self):
        self.selector.unregister(self.connection)
        self.connection.close()

    def ready(self):
        try:
            if self.pending:
                self.pending = self.pending[self.connection.send(self.pending):]
            else:
                self.pending = self.connection.recv(LIMIT)
                self.ended = not self.pending
        except BlockingIOError:
            return
        except OSError:
            self.ended, self.pending = True, b""
        if self.ended:
            self.close()
        else:
            events = selectors.EVENT_WRITE if self.pending else selectors.EVENT_READ
            self.selector.modify(self.connection, events, self)


def main():
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=4096)
    listener.setblocking(False)
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.data:
                key.data.ready()
                continue
            try:
                Client(selector, listener.accept()[0])
            except OSError as error:
                if error.errno == errno.EMFILE:
                    time.sleep(0.01)


main()
